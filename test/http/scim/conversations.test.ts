import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect } from "chai";
import { engines } from "../../store/engines.ts";
import { root } from "../../support/root.ts";
import { type Agent, type Service, startService } from "../../support/service.ts";
import { type Answer, type Conversation, conversationIn, hold, type Request } from "./conversation.ts";

const base = "https://gatehouse.example/scim/v2";
const folders = { rfc: "examples of the RFCs", transcripts: "what identity providers say" };

for (const { name, open } of engines) {
  for (const [folder, what] of Object.entries(folders)) {
    describe(`${what}, on ${name}`, () => {
      for (const conversation of conversationsOf(folder)) {
        it(conversation.title, async () => {
          const service = await startService({ open });
          try {
            await hold(conversation, base, await speaker(service));
          } finally {
            await service.dispose();
          }
        });
      }
    });
  }
}

describe("a recorded conversation", () => {
  let service: Service;
  let send: (request: Request) => Promise<Answer>;
  before(async () => {
    service = await startService();
    send = await speaker(service);
  });
  after(() => service.dispose());

  let number = 0;
  /** Creates a user and expects this answer. */
  const held = async (status: string, answer: unknown, more = ""): Promise<unknown> => {
    const user = JSON.stringify({ userName: `user${++number}`, emails: [{ value: "a@x" }, { value: "b@x" }] });
    const file = `# t\n# Source: s\n\n### a user\nPOST /Users\n\n${user}\n\nHTTP ${status}\n\n${JSON.stringify(answer)}\n${more}`;
    return hold(conversationIn(file), base, send).catch((error: Error) => error.message);
  };

  it("holds when the answer is as written", async () => {
    const fine: Record<string, unknown> = {
      title: "{{absent}}",
      id: "{{any}}",
      meta: { created: "{{date}}", location: "{{location=}}" },
      emails: [{ value: "a@x", "{{else}}": "{{absent}}" }, { value: "b@x" }],
    };
    expect(await held("201", fine)).to.equal(undefined);
    for (const emails of [
      ["{{in any order}}", { value: "b@x" }, { value: "a@x" }],
      ["{{among others}}", { value: "b@x" }],
    ]) {
      expect(await held("201", { ...fine, emails })).to.equal(undefined);
    }
    const next = '\n### again\nGET /Users/{{id}}\n\nHTTP 200\nETag: W/"1"\n\n{ "id": "{{id}}" }\n';
    expect(await held("201", { id: "{{id=}}" }, next)).to.equal(undefined);
  });

  const different: Record<string, [status: string, answer: object, told: RegExp]> = {
    "another status": ["200", {}, /status is 201, not 200/],
    "another value": ["201", { userName: "nobody" }, /body.userName is "user\d+", not "nobody"/],
    "a missing key": ["201", { title: "{{any}}" }, /body.title is undefined/],
    "a key that should be absent": ["201", { userName: "{{absent}}" }, /body.userName/],
    "a text that is no date": ["201", { userName: "{{date}}" }, /body.userName/],
    "a list that is longer": ["201", { emails: [{ value: "a@x" }] }, /body.emails has 2 elements, not 1/],
    "a list that is shorter": ["201", { emails: [{ value: "a@x" }, { value: "b@x" }, {}] }, /body.emails\[2\]/],
    "a list in another order": ["201", { emails: [{ value: "b@x" }, { value: "a@x" }] }, /body.emails\[0\].value/],
    "more in a list": ["201", { emails: ["{{in any order}}", { value: "b@x" }] }, /body.emails has more/],
    "less in a list": ["201", { emails: ["{{among others}}", { value: "c@x" }] }, /without .*c@x/],
    "more keys": ["201", { id: "{{any}}", "{{else}}": "{{absent}}" }, /body has more: .*userName/],
    "a name that nobody has given": ["201", { id: "{{ada}}" }, /nothing has been named ada/],
    "a misspelt placeholder": ["201", { id: "{{anny}}" }, /nothing has been named anny/],
    "a name that is given twice": ["201", { id: "{{ada=}}", userName: "{{ada=}}" }, /ada is a name already/],
  };
  for (const [what, [status, answer, told]] of Object.entries(different)) {
    it(`fails for ${what}`, async () => {
      expect(await held(status, answer)).to.match(told);
    });
  }

  it("fails for a header that is different", async () => {
    const list = '\n### all\nGET /Users\n\nHTTP 200\nETag: W/"1"\n';
    expect(await held("201", {}, list)).to.match(/header.etag is undefined/);
  });

  it("is refused when something in it would be overlooked", () => {
    const exchange = "### x\nGET /Users\n\nHTTP 200\n";
    for (const [file, told] of [
      ["", /title and a source/],
      [`# t\n\n${exchange}`, /title and a source/],
      [`# t\n# Source: s\nnote\n\n${exchange}`, /title and a source/],
      ["# t\n# Source: s\n\n", /has exchanges/],
      ["# t\n# Source: s\n\n### x\nGET /Users\n", /HTTP <status>/],
      [`# t\n# Source: s\n\n${exchange}\nHTTP 201\n`, /HTTP <status>/],
      [`# t\n# Source: s\n\n### x\nFETCH /Users\n\nHTTP 200\n`, /no request: FETCH/],
      [`# t\n# Source: s\n\n### x\nGET /Users\nIf-Mach: 1\n\nHTTP 200\n`, /no header: If-Mach/],
      [`# t\n# Source: s\n\n${exchange}\n{ nonsense\n`, /JSON/],
    ] as const) {
      expect(() => conversationIn(file), file).to.throw(told);
    }
  });
});

function conversationsOf(folder: string): readonly Conversation[] {
  const path = join(root, "test/http/scim", folder);
  return readdirSync(path)
    .sort()
    .map((file) => conversationIn(readFileSync(join(path, file), "utf8")));
}

/** Sends requests to a service as an identity provider, or as the user that `As` names. */
async function speaker(service: Service): Promise<(request: Request) => Promise<Answer>> {
  const provider = await service.as(["admin:scim"]);
  const personal = async (userId: string): Promise<Agent> =>
    service.with((await service.issue({ scopes: ["connect:read"], userId })).secret);
  return async ({ method, path, headers: { as, ...headers }, body }) => {
    const agent = as === undefined ? provider : await personal(as);
    const request = agent[method.toLowerCase() as Lowercase<typeof method>](`/scim/v2${encodeURI(path)}`);
    if (body === "") return request.set(headers);
    return request.set({ "content-type": "application/scim+json", ...headers }).send(body);
  };
}
