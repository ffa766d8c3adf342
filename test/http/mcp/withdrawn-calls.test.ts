import { expect } from "chai";
import { describeOnEngines } from "../../store/engines.fixture.ts";
import { patchUrn } from "../../support/service.ts";
import { type Gateway, rpc, startGateway } from "./gateway.fixture.ts";

describeOnEngines("A call of /mcp whose caller loses the right to it", (open) => {
  let gateway: Gateway;
  /** The calls of `wait` that have arrived and that were aborted. */
  let [arrived, abortedCount] = [0, 0];
  before(async () => {
    gateway = await startGateway({
      open,
      tools: {
        // It never ends by itself.
        wait: (_, { mcpReq }) => {
          arrived++;
          return new Promise((_resolve, reject) => {
            mcpReq.signal.addEventListener("abort", () => {
              abortedCount++;
              reject(new Error("aborted"));
            });
          });
        },
      },
    });
    await gateway.putServer("files", [{ name: "wait" }, { name: "echo" }], { timeoutSeconds: 120 });
  });
  after(() => gateway.dispose());

  let userCount = 0;
  /** Starts a call of a new user with a new token, changes something, and returns how the call and the next one end. */
  async function callDuring(
    change: (user: { readonly id: string; readonly tokenId: string }) => Promise<unknown>,
    { hasStream = true, path = "" } = {},
  ) {
    const id = await gateway.createUser(`user-${++userCount}@example.com`);
    const token = await gateway.service.issueToken({ scopes: ["connect:write"], type: "agent", userId: id });
    const [arrivedBefore, abortedBefore] = [arrived, abortedCount];
    const params = { name: "files__wait", ...(hasStream && { _meta: { progressToken: 1 } }) };
    const running = fetch(`${gateway.url}${path}`, {
      method: "POST",
      headers: { "Content-Type": "application/json", Authorization: `Bearer ${token.secret}` },
      body: JSON.stringify(rpc("tools/call", params)),
    }).then((response) => response.text());
    while (arrived === arrivedBefore) await new Promise((resolve) => setTimeout(resolve, 20));
    await change({ id, tokenId: token.id });
    const text = await running;
    while (abortedCount === abortedBefore) await new Promise((resolve) => setTimeout(resolve, 20));
    return { text, next: await gateway.post(token.secret, rpc("tools/call", { name: "files__wait" }), { path }) };
  }
  const assertEnded = (text: string): void => {
    expect(text).to.contain('"code":-32003').and.contain("The call was ended");
  };

  it("ends when the token is revoked, aborts the call at the server, and the next request is rejected", async () => {
    const { text, next } = await callDuring(({ tokenId }) =>
      gateway.admin.delete(`/api/tokens/${tokenId}`).expect(204),
    );
    assertEnded(text);
    expect(next.status).to.equal(401);
  });

  it("ends without a stream, too", async () => {
    const revoke = ({ tokenId }: { tokenId: string }) => gateway.admin.delete(`/api/tokens/${tokenId}`).expect(204);
    const { text } = await callDuring(revoke, { hasStream: false });
    assertEnded(text);
  });

  it("ends when the token is disabled", async () => {
    const { text, next } = await callDuring(({ tokenId }) =>
      gateway.admin.patch(`/api/tokens/${tokenId}`).send({ enabled: false }).expect(200),
    );
    assertEnded(text);
    expect(next.status).to.equal(401);
  });

  it("ends when the user is deactivated", async () => {
    const Operations = [{ op: "replace", path: "active", value: false }];
    const { text, next } = await callDuring(({ id }) =>
      gateway.admin
        .patch(`/scim/v2/Users/${id}`)
        .send({ schemas: [patchUrn], Operations })
        .expect(200),
    );
    assertEnded(text);
    expect(next.status).to.equal(401);
  });

  it("ends when a policy denies the tool, and the next call finds no such tool", async () => {
    const { text, next } = await callDuring(({ id }) =>
      gateway.admin.put("/api/policies/no-wait").send({
        ...{ name: "No wait", effect: "deny", subjects: { everyone: false, groups: [], users: [id] } },
        resources: { mcpServers: ["files"], tools: ["wait"], toolkits: [], skills: [], commands: [] },
      }),
    );
    assertEnded(text);
    expect(next.body.error).to.include({ code: -32602 });
  });

  it("ends when the server is no longer in the toolkit of the endpoint", async () => {
    const put = (entries: readonly object[]) =>
      gateway.admin
        .put("/api/toolkits/kit")
        .send({ name: "Kit", entries, assignment: { everyone: true, groups: [], users: [] } });
    await put([{ mcpServer: "files" }]).expect(201);
    const { text, next } = await callDuring(() => put([]).expect(200), { path: "/toolkits/kit" });
    assertEnded(text);
    expect(next.body.error).to.include({ code: -32602 });
  });

  it("is recorded as withdrawn", async () => {
    for (;;) {
      const { body } = await gateway.admin.get("/api/audit-events?action=mcp.tool.called&limit=100").expect(200);
      const found = body.data.find(
        ({ details }: { details: { decision: string } }) => details.decision === "withdrawn",
      );
      if (found) return void expect(found).to.deep.include({ outcome: "refused" });
      await new Promise((resolve) => setTimeout(resolve, 200));
    }
  });
});
