import { expect } from "chai";
import { describeOnEngines } from "../../store/engines.fixture.ts";
import { type OAuthGateway, startOAuthGateway } from "../mcp/oauth.fixture.ts";

describeOnEngines("/api/mcp-servers/{id}/client-secret", (open) => {
  let gateway: OAuthGateway;
  before(async () => {
    gateway = await startOAuthGateway(open);
  });
  after(() => gateway.dispose());

  const path = "/api/mcp-servers/jira/client-secret";

  it("is write-only, is used for the exchange, and can be deleted", async () => {
    const { body } = await gateway.admin.get(path).expect(200);
    expect(body).to.include({ hasCredential: true, origin: gateway.provider.origin });
    const { searchParams } = await gateway.authorize(gateway.ada);
    await gateway.admin
      .post("/api/connections/jira/authorization")
      .set("x-user-email", "ada")
      .send({ code: searchParams.get("code"), state: searchParams.get("state") })
      .expect(201);
    await gateway.admin.delete(path).expect(204);
    expect((await gateway.admin.get(path).expect(200)).body).to.deep.equal({ hasCredential: false });
    expect(await gateway.audit("mcp-server.client-secret.delete")).to.have.length(1);
  });

  it("is rejected for a server without OAuth, and with a token of this service as the value", async () => {
    await gateway.putServer("open", [], { auth: { type: "none" } });
    await gateway.admin.put("/api/mcp-servers/open/client-secret").send({ value: "x" }).expect(409);
    await gateway.admin.put(path).send({ value: gateway.ada.secret }).expect(400);
  });
});
