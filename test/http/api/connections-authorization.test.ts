import { expect } from "chai";
import { describeOnEngines } from "../../store/engines.fixture.ts";
import { type OAuthGateway, startOAuthGateway } from "../mcp/oauth.fixture.ts";

describeOnEngines("POST /api/connections/{id}/authorization", (open) => {
  let gateway: OAuthGateway;
  before(async () => {
    const redirectUri = "https://plugin.example/callback";
    gateway = await startOAuthGateway(open, { auth: { redirectUri } });
  });
  after(() => gateway.dispose());
  afterEach(async () => {
    gateway.provider.respond(undefined);
    for (const user of [gateway.ada, gateway.grace]) await gateway.api(user, "DELETE", "");
  });

  const toBody = ({ searchParams }: URL): { code: string; state: string; iss: string } =>
    Object.fromEntries(searchParams) as { code: string; state: string; iss: string };
  const complete = (user: OAuthGateway["ada"], body: object) => gateway.api(user, "POST", "/authorization", body);

  it("connects the user who started it, with the code that the client received", async () => {
    const url = await gateway.authorize(gateway.ada);
    expect(url.origin).to.equal("https://plugin.example");
    const { status, body } = await complete(gateway.ada, toBody(url));
    expect(status).to.equal(201);
    expect(body).to.include({ mcpServer: "jira", status: "connected", userId: gateway.ada.id });
    expect(await gateway.call(gateway.ada)).to.equal('{"a":1}');
    const again = await complete(gateway.ada, toBody(await gateway.authorize(gateway.ada)));
    expect(again.status).to.equal(200);
  });

  it("rejects the state of another user alike, and leaves it valid for that user", async () => {
    const url = await gateway.authorize(gateway.ada);
    const foreign = await complete(gateway.grace, toBody(url));
    const unknown = await complete(gateway.grace, { ...toBody(url), state: "unknown" });
    expect(foreign.status).to.equal(400);
    expect(foreign.body.errors).to.deep.equal(unknown.body.errors);
    expect((await complete(gateway.ada, toBody(url))).status).to.equal(201);
    expect((await complete(gateway.ada, toBody(url))).status, "a used state").to.equal(400);
    expect((await gateway.api(gateway.grace, "GET", "")).body.status).to.equal("not-connected");
  });

  it("rejects a state of another organization", async () => {
    const elsewhere = await gateway.service.createOrganization("elsewhere");
    const admin = await gateway.service.clientWithScopes(["all"], elsewhere);
    await admin.post("/api/users").send({ userName: "ada" }).expect(201);
    await admin
      .post("/api/mcp-servers")
      .send({ slug: "jira", name: "Jira", transport: "http", url: gateway.upstream.url, status: "active" })
      .expect(201);
    await admin
      .patch("/api/mcp-servers/jira")
      .send({ auth: gateway.provider.auth(), assignment: { everyone: true } })
      .expect(200);
    const { code, state } = toBody(await gateway.authorize(gateway.ada));
    await admin
      .post("/api/connections/jira/authorization")
      .set("x-user-email", "ada")
      .send({ code, state })
      .expect(400);
  });

  it("checks iss (RFC 9207), and names what to fix", async () => {
    const body = toBody(await gateway.authorize(gateway.ada));
    const { status, body: problem } = await complete(gateway.ada, { ...body, iss: "https://other.example" });
    expect(status).to.equal(502);
    expect(problem.detail).to.contain("auth.issuer").and.not.contain("other.example");
  });

  describe("with a hostile token endpoint", () => {
    const secret = "do-not-repeat-this";
    const json = (body: unknown, type = "application/json") => ({
      status: 200,
      headers: { "content-type": type },
      body: JSON.stringify(body),
    });
    const token = { access_token: secret, token_type: "bearer" };
    const responses: Readonly<Record<string, { status: number; headers?: Record<string, string>; body: string }>> = {
      "an HTML page": { status: 200, headers: { "content-type": "text/html" }, body: `<p>${secret}</p>` },
      "10 MB": json({ ...token, padding: "x".repeat(10_000_000) }),
      "a redirect": { status: 307, headers: { location: "http://127.0.0.1:9/" }, body: "" },
      "another token_type": json({ ...token, token_type: "mac" }),
      "no token_type": json({ access_token: secret }),
      "an array": json([token]),
      "an access token that is no string": json({ ...token, access_token: { a: secret } }),
      "an access token with a line break": json({ ...token, access_token: `${secret}\r\nx: y` }),
      "a negative lifetime": json({ ...token, expires_in: -5 }),
      "a lifetime of a million years": json({ ...token, expires_in: 3e13 }),
      "an error with the status 200": json({ error: "invalid_request", error_description: secret }),
      "an error code that is text": { ...json({ error: `<b>${secret}</b>` }), status: 400 },
    };
    for (const [name, { status, headers = {}, body }] of Object.entries(responses)) {
      it(`rejects ${name} with 502, and repeats nothing of it`, async () => {
        const url = await gateway.authorize(gateway.ada);
        gateway.provider.respond((res) => res.writeHead(status, headers).end(body));
        const reply = await complete(gateway.ada, toBody(url));
        expect(reply.status).to.equal(502);
        expect(reply.body.detail).to.match(/\.$/).and.not.contain(secret);
        expect((await gateway.api(gateway.ada, "GET", "")).body.status).to.equal("not-connected");
        const [event] = (await gateway.audit("connection.authorize")).slice(-1);
        expect(event).to.deep.include({ outcome: "refused" });
        expect(JSON.stringify(event)).to.not.contain(secret).and.not.contain(toBody(url).code);
      });
    }

    it("gives up after ten seconds on one that never finishes", async () => {
      const url = await gateway.authorize(gateway.ada);
      gateway.provider.respond((res) => res.writeHead(200, { "content-type": "application/json" }).write('{"a":'));
      const reply = await complete(gateway.ada, toBody(url));
      expect(reply.status).to.equal(502);
      expect(reply.body.detail).to.contain("10 seconds");
    }).timeout(0);
  });
});
