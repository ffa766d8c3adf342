import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect } from "chai";
import { describeOnEngines } from "../../store/engines.fixture.ts";
import { root } from "../../support/root.ts";
import { type Agent, type Service, startService } from "../../support/service.ts";
import {
  type Conversation,
  parseConversation,
  type Request,
  replayConversation,
  type TranscriptResponse,
} from "./conversation.fixture.ts";

const base = "https://gatehouse.example/scim/v2";
const directories = { rfc: "Examples of the RFCs", transcripts: "Conversations of identity providers" };

for (const [directory, title] of Object.entries(directories)) {
  describeOnEngines(title, (open) => {
    for (const conversation of readConversations(directory)) {
      it(conversation.title, async () => {
        const service = await startService({ open });
        try {
          await replayConversation(conversation, base, await createSender(service));
        } finally {
          await service.dispose();
        }
      });
    }
  });
}

describe("A recorded conversation", () => {
  let service: Service;
  let send: (request: Request) => Promise<TranscriptResponse>;
  before(async () => {
    service = await startService();
    send = await createSender(service);
  });
  after(() => service.dispose());

  let number = 0;
  /** Creates a user and returns the mismatches with the expected response. */
  const replay = async (status: string, response: unknown, more = ""): Promise<unknown> => {
    const user = JSON.stringify({ userName: `user${++number}`, emails: [{ value: "a@x" }, { value: "b@x" }] });
    const file = `# t\n# Source: s\n\n### a user\nPOST /Users\n\n${user}\n\nHTTP ${status}\n\n${JSON.stringify(response)}\n${more}`;
    return replayConversation(parseConversation(file), base, send).catch((error: Error) => error.message);
  };

  it("passes if the response matches", async () => {
    const matching: Record<string, unknown> = {
      title: "{{absent}}",
      id: "{{any}}",
      meta: { created: "{{date}}", location: "{{location=}}" },
      emails: [{ value: "a@x", "{{else}}": "{{absent}}" }, { value: "b@x" }],
    };
    expect(await replay("201", matching)).to.equal(undefined);
    for (const emails of [
      ["{{in any order}}", { value: "b@x" }, { value: "a@x" }],
      ["{{among others}}", { value: "b@x" }],
    ]) {
      expect(await replay("201", { ...matching, emails })).to.equal(undefined);
    }
    const next = '\n### again\nGET /Users/{{id}}\n\nHTTP 200\nETag: W/"1"\n\n{ "id": "{{id}}" }\n';
    expect(await replay("201", { id: "{{id=}}" }, next)).to.equal(undefined);
  });

  const different: Record<string, [status: string, response: object, expected: RegExp]> = {
    "another status": ["200", {}, /status is 201, not 200/],
    "another value": ["201", { userName: "nobody" }, /body.userName is "user\d+", not "nobody"/],
    "a missing key": ["201", { title: "{{any}}" }, /body.title is undefined/],
    "an unexpected key": ["201", { userName: "{{absent}}" }, /body.userName/],
    "a string that is not a date": ["201", { userName: "{{date}}" }, /body.userName/],
    "a list that is longer": ["201", { emails: [{ value: "a@x" }] }, /body.emails has 2 elements, not 1/],
    "a list that is shorter": ["201", { emails: [{ value: "a@x" }, { value: "b@x" }, {}] }, /body.emails\[2\]/],
    "a list in another order": ["201", { emails: [{ value: "b@x" }, { value: "a@x" }] }, /body.emails\[0\].value/],
    "additional elements in a list": [
      "201",
      { emails: ["{{in any order}}", { value: "b@x" }] },
      /body.emails has more/,
    ],
    "a missing element in a list": ["201", { emails: ["{{among others}}", { value: "c@x" }] }, /without .*c@x/],
    "additional keys": ["201", { id: "{{any}}", "{{else}}": "{{absent}}" }, /body has more: .*userName/],
    "an undefined variable": ["201", { id: "{{ada}}" }, /undefined variable: ada/],
    "a misspelled placeholder": ["201", { id: "{{anny}}" }, /undefined variable: anny/],
    "a variable that is set twice": ["201", { id: "{{ada=}}", userName: "{{ada=}}" }, /ada is already set/],
  };
  for (const [description, [status, response, expected]] of Object.entries(different)) {
    it(`fails for ${description}`, async () => {
      expect(await replay(status, response)).to.match(expected);
    });
  }

  it("fails for a different header", async () => {
    const list = '\n### all\nGET /Users\n\nHTTP 200\nETag: W/"1"\n';
    expect(await replay("201", {}, list)).to.match(/header.etag is undefined/);
  });

  it("is rejected if part of it would be ignored", () => {
    const exchange = "### x\nGET /Users\n\nHTTP 200\n";
    for (const [file, expected] of [
      ["", /title and a source/],
      [`# t\n\n${exchange}`, /title and a source/],
      [`# t\n# Source: s\nnote\n\n${exchange}`, /title and a source/],
      ["# t\n# Source: s\n\n", /must have exchanges/],
      ["# t\n# Source: s\n\n### x\nGET /Users\n", /HTTP <status>/],
      [`# t\n# Source: s\n\n${exchange}\nHTTP 201\n`, /HTTP <status>/],
      [`# t\n# Source: s\n\n### x\nFETCH /Users\n\nHTTP 200\n`, /invalid request line: FETCH/],
      [`# t\n# Source: s\n\n### x\nGET /Users\nIf-Mach: 1\n\nHTTP 200\n`, /unknown header: If-Mach/],
      [`# t\n# Source: s\n\n${exchange}\n{ nonsense\n`, /JSON/],
    ] as const) {
      expect(() => parseConversation(file), file).to.throw(expected);
    }
  });
});

function readConversations(directory: string): readonly Conversation[] {
  const path = join(root, "test/http/scim", directory);
  return readdirSync(path)
    .sort()
    .map((file) => parseConversation(readFileSync(join(path, file), "utf8")));
}

/** Sends requests as an identity provider, or as the user of the `As` header. */
async function createSender(service: Service): Promise<(request: Request) => Promise<TranscriptResponse>> {
  const provider = await service.clientWithScopes(["admin:scim"]);
  const personal = async (userId: string): Promise<Agent> =>
    service.clientWithSecret((await service.issueToken({ scopes: ["connect:read"], userId })).secret);
  return async ({ method, path, headers: { as, ...headers }, body }) => {
    const agent = as === undefined ? provider : await personal(as);
    const request = agent[method.toLowerCase() as Lowercase<typeof method>](`/scim/v2${encodeURI(path)}`);
    if (body === "") return request.set(headers);
    return request.set({ "content-type": "application/scim+json", ...headers }).send(body);
  };
}
