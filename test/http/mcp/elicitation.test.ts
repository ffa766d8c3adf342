import { Client, StreamableHTTPClientTransport } from "@modelcontextprotocol/client";
import { inputRequired } from "@modelcontextprotocol/server";
import { expect } from "chai";
import { describeOnEngines } from "../../store/engines.fixture.ts";
import { type Gateway, rpc, startGateway } from "./gateway.fixture.ts";
import type { UpstreamTool } from "./upstream.fixture.ts";

const requestedSchema = {
  type: "object" as const,
  properties: { confirm: { type: "boolean" as const, title: "Really?" } },
  required: ["confirm"],
};

/** Requests a confirmation before it deletes, with a state of its own. */
const remove: UpstreamTool = ({ path }, { mcpReq }) => {
  const response = mcpReq.inputResponses?.["confirm"] as { action?: string; content?: object } | undefined;
  if (!response) {
    return inputRequired({
      inputRequests: { confirm: inputRequired.elicit({ message: `Delete ${path}?`, requestedSchema }) },
      requestState: `upstream-state of ${path}`,
    });
  }
  const text = `${response.action} ${JSON.stringify(response.content)} with ${mcpReq.requestState()}`;
  return { content: [{ type: "text", text }] };
};

const open: UpstreamTool = (_, { mcpReq }) =>
  mcpReq.inputResponses
    ? { content: [{ type: "text", text: "opened" }] }
    : inputRequired({
        inputRequests: { page: inputRequired.elicitUrl({ message: "Log in", url: "https://login.example/start" }) },
      });

describeOnEngines("Requests of MCP servers for input from the user", (openStore) => {
  let gateway: Gateway;
  let ada: string;
  let secret: string;
  before(async () => {
    gateway = await startGateway({ open: openStore, tools: { remove, open } });
    ada = await gateway.createUser("ada@example.com");
    secret = await gateway.createToken(ada);
    await gateway.putServer("files", [{ name: "remove" }, { name: "open" }, { name: "echo" }]);
  });
  after(() => gateway.dispose());

  /** What the user of the client was shown. */
  async function callWithClient(
    name: string,
    values: Record<string, string | Record<string, string>>,
    elicitation: { readonly form?: Record<string, never>; readonly url?: Record<string, never> },
  ) {
    const client = new Client(
      { name: "test", version: "1.0.0" },
      { capabilities: { elicitation }, versionNegotiation: { mode: { pin: "2026-07-28" } } },
    );
    const shown: object[] = [];
    client.setRequestHandler("elicitation/create", async ({ params }) => {
      shown.push(params);
      return { action: "accept", ...(params.mode !== "url" && { content: { confirm: true } }) };
    });
    const requestInit = { headers: { Authorization: `Bearer ${secret}` } };
    await client.connect(new StreamableHTTPClientTransport(gateway.url, { requestInit }));
    const result = await client.callTool({ name, arguments: values });
    await client.close();
    return { shown, result };
  }

  it("reach a client of protocol 2026-07-28 with the name of the server, and the response returns with the state", async () => {
    const { shown, result } = await callWithClient("files__remove", { path: "/tmp" }, { form: {} });
    expect(shown).to.have.length(1);
    expect(shown[0]).to.deep.include({ message: "files (MCP server files): Delete /tmp?", requestedSchema });
    expect(result).to.deep.include({
      content: [{ type: "text", text: 'accept {"confirm":true} with upstream-state of /tmp' }],
    });
  });

  it("can be a page that the client opens", async () => {
    const { shown, result } = await callWithClient("files__open", {}, { url: {} });
    expect(shown[0]).to.deep.include({ mode: "url", url: "https://login.example/start" });
    expect(result).to.have.nested.property("content[0].text", "opened");
  });

  it("work through call_tool", async () => {
    const values = { name: "files__remove", arguments: { path: "/srv" } };
    const { result } = await callWithClient("call_tool", values, { form: {} });
    expect(result).to.have.nested.property("content[0].text").that.contains("upstream-state of /srv");
  });

  it("are an error text for clients of older protocols, and for those without the capability", async () => {
    const expected = /requests input from the user, which your MCP client does not support/;
    const legacy = await gateway.post(secret, rpc("tools/call", { name: "files__remove" }));
    const without = await gateway.postStateless(secret, "tools/call", { name: "files__remove" });
    const onlyForms = await gateway.postStateless(secret, "tools/call", { name: "files__open" }, { elicitation: {} });
    for (const { status, body } of [legacy, without, onlyForms]) {
      expect(status).to.equal(200);
      expect(body.result.isError).to.equal(true);
      expect(body.result.content[0].text).to.match(expected);
    }
  });

  describe("requestState", () => {
    const elicitation = { elicitation: { form: {} } };
    const inputResponses = { confirm: { action: "accept", content: { confirm: true } } };
    const request = async (token = secret, name = "files__remove"): Promise<string> =>
      (await gateway.postStateless(token, "tools/call", { name }, elicitation)).body.result.requestState;
    const respond = async (requestState: unknown, token = secret, name = "files__remove") => {
      const params = { name, inputResponses, ...(requestState !== undefined && { requestState }) };
      return (await gateway.postStateless(token, "tools/call", params, elicitation)).body;
    };
    /** The server has not been called. */
    const assertRejected = async (reply: Promise<{ result: { content: { text: string }[] } }>): Promise<void> => {
      const calls = gateway.upstream.calls.length;
      expect((await reply).result.content[0]?.text).to.match(/no valid requestState/);
      expect(gateway.upstream.calls).to.have.length(calls);
    };

    it("is accepted by any replica that shares the store, because none keeps it", async () => {
      expect((await respond(await request())).result.content[0].text).to.contain("accept");
    });

    it("of one user is rejected for another, and of one tool or server for another", async () => {
      const grace = await gateway.createToken(await gateway.createUser("grace@example.com"));
      await gateway.putServer("other", [{ name: "remove" }]);
      const state = await request();
      await assertRejected(respond(state, grace));
      await assertRejected(respond(state, secret, "files__echo"));
      await assertRejected(respond(state, secret, "other__remove"));
      expect((await respond(state)).result.content[0].text).to.contain("accept");
    });

    it("of one organization is rejected in another with the same names", async () => {
      const state = await request();
      const organizationId = await gateway.service.createOrganization("second");
      const admin = await gateway.service.clientWithScopes(["all"], organizationId);
      const user = { schemas: ["urn:ietf:params:scim:schemas:core:2.0:User"], userName: "ada@example.com" };
      const { body } = await admin.post("/scim/v2/Users").send(user).expect(201);
      await admin
        .put("/api/mcp-servers/files")
        .send({
          ...{ name: "files", status: "active", transport: "http", url: gateway.upstream.url },
          ...{ tools: [{ name: "remove" }], assignment: { everyone: true, groups: [], users: [] } },
        })
        .expect(201);
      const token = { scopes: ["connect:write"], type: "agent", userId: body.id } as const;
      const { secret: foreign } = await gateway.service.issueToken(token, organizationId);
      await assertRejected(respond(state, foreign));
    });

    it("is rejected if it is missing, changed, cut, or no state at all", async () => {
      const state = await request();
      const [text = "", mac = ""] = state.split(".");
      const changed = Buffer.from(Buffer.from(text, "base64url").toString().replace("upstream", "attacker"));
      for (const each of [
        ...[undefined, "", "x", ".", `${text}.`, `.${mac}`, state.slice(0, -1), `${state}A`, state.toUpperCase()],
        ...[`${changed.toString("base64url")}.${mac}`, "a".repeat(200_000), `${"a".repeat(200_000)}.${mac}`],
      ])
        await assertRejected(respond(each));
    });
  });
});
