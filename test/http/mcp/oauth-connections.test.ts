import { expect } from "chai";
import { describeOnEngines } from "../../store/engines.fixture.ts";
import { type OAuthGateway, startOAuthGateway } from "./oauth.fixture.ts";

const echoed = '{"a":1}';

describeOnEngines("Calls of an MCP server with OAuth 2.0", (open) => {
  let gateway: OAuthGateway;
  beforeEach(async () => {
    gateway = await startOAuthGateway(open);
  });
  afterEach(() => gateway.dispose());

  /** The access tokens that arrived at the MCP server. */
  const tokensSent = (): readonly (string | undefined)[] => gateway.upstream.calls.map((call) => call.authorization);

  it("return where to connect without a connection", async () => {
    expect(await gateway.call(gateway.ada)).to.contain("POST https://gatehouse.example/api/connections/jira/auth-url");
  });

  it("use the tokens of the connection until they expire", async () => {
    await gateway.connect(gateway.ada);
    expect(await gateway.call(gateway.ada)).to.equal(echoed);
    expect(await gateway.call(gateway.ada)).to.equal(echoed);
    expect(gateway.provider.refreshes()).to.equal(0);
  });

  it("refresh before the expiry, with one request for all concurrent calls", async () => {
    await gateway.connect(gateway.ada);
    await gateway.call(gateway.ada);
    gateway.advance(550_000);
    const results = await Promise.all(Array.from({ length: 6 }, () => gateway.call(gateway.ada)));
    expect(new Set(results)).to.deep.equal(new Set([echoed]));
    expect(gateway.provider.refreshes()).to.equal(1);
    expect(new Set(tokensSent()).size).to.equal(2);
    for (const round of [2, 3]) {
      gateway.advance(550_000);
      expect(await gateway.call(gateway.ada)).to.equal(echoed);
      expect(gateway.provider.refreshes()).to.equal(round);
    }
  });

  it("refresh once when the server rejects the access token", async () => {
    await gateway.connect(gateway.ada);
    await gateway.call(gateway.ada);
    gateway.advance(10_000);
    gateway.provider.endAccessTokens();
    expect(await gateway.call(gateway.ada)).to.equal(echoed);
    expect(gateway.provider.refreshes()).to.equal(1);
    gateway.provider.endAccessTokens();
    expect(await gateway.call(gateway.ada))
      .to.contain("rejected your access token (401)")
      .and.contain("/auth-url");
    expect(gateway.provider.refreshes()).to.equal(1);
  });

  it("end the connection when the authorization was revoked, with the reason and an audit event", async () => {
    await gateway.connect(gateway.ada);
    await gateway.call(gateway.ada);
    gateway.advance(550_000);
    gateway.provider.endGrants();
    for (const _ of [1, 2]) expect(await gateway.call(gateway.ada)).to.contain("/api/connections/jira/auth-url");
    expect(gateway.provider.refreshes()).to.equal(1);
    const { body } = await gateway.api(gateway.ada, "GET", "");
    expect(body).to.include({ status: "expired" });
    expect(body.statusReason).to.contain("invalid_grant").and.not.contain("secret-description");
    expect(await gateway.audit("connection.disconnect")).to.have.length(1);
    await gateway.connect(gateway.ada);
    expect(await gateway.call(gateway.ada)).to.equal(echoed);
    expect((await gateway.api(gateway.ada, "GET", "")).body)
      .to.include({ status: "connected" })
      .and.not.have.property("statusReason");
  });

  it("keep the connection while the token endpoint fails, and continue when it responds again", async () => {
    await gateway.connect(gateway.ada);
    await gateway.call(gateway.ada);
    gateway.advance(601_000);
    gateway.provider.respond((res) => res.writeHead(503).end("down"));
    const texts = [await gateway.call(gateway.ada), await gateway.call(gateway.ada)];
    for (const text of texts) expect(text).to.contain("HTTP status 503");
    expect(gateway.provider.refreshes(), "a pause follows a failure").to.equal(1);
    gateway.provider.respond(undefined);
    gateway.advance(10_000);
    expect(await gateway.call(gateway.ada)).to.equal(echoed);
  });

  it("never use the tokens of another user", async () => {
    await gateway.connect(gateway.ada);
    expect(await gateway.call(gateway.grace)).to.contain("You are not connected");
    await gateway.connect(gateway.grace);
    await gateway.call(gateway.grace);
    await gateway.call(gateway.ada);
    const [ofGrace, ofAda] = tokensSent();
    expect(ofGrace).to.not.equal(ofAda);
  });

  it("send tokens to no other origin than that of the server's URL at the time of the connection", async () => {
    await gateway.connect(gateway.ada);
    const port = new URL(gateway.upstream.url).port;
    await gateway.admin
      .patch("/api/mcp-servers/jira")
      .send({ url: `http://127.0.0.2:${port}/mcp` })
      .expect(200);
    expect(await gateway.call(gateway.ada))
      .to.contain("has changed")
      .and.contain("/auth-url");
    expect(gateway.upstream.calls).to.deep.equal([]);
  });

  it("send refresh tokens to no other token endpoint than the one that issued them", async () => {
    await gateway.connect(gateway.ada);
    const other = gateway.provider.auth({ tokenUrl: "http://127.0.0.2:9/token", revocationUrl: undefined });
    await gateway.putServer("jira", [{ name: "echo" }], { auth: other });
    gateway.advance(601_000);
    expect(await gateway.call(gateway.ada))
      .to.contain("another authorization server")
      .and.contain("/auth-url");
    expect(gateway.provider.refreshes()).to.equal(0);
  });
});
