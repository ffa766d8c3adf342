import { expect } from "chai";
import { operatorActor } from "../../../src/domain/audit/record.ts";
import { describeOnEngines } from "../../store/engines.fixture.ts";
import { patchUrn, startService } from "../../support/service.ts";
import { type OAuthGateway, startOAuthGateway } from "../mcp/oauth.fixture.ts";

describeOnEngines("GET and POST /oauth/callback", (open) => {
  let gateway: OAuthGateway;
  before(async () => {
    gateway = await startOAuthGateway(open);
  });
  after(() => gateway.dispose());
  afterEach(async () => {
    for (const user of [gateway.ada, gateway.grace]) await gateway.api(user, "DELETE", "");
  });

  const statusOf = async (user: OAuthGateway["ada"]): Promise<string> =>
    (await gateway.api(user, "GET", "")).body.status;
  const withParameters = (url: URL, parameters: Readonly<Record<string, string | undefined>>): URL => {
    const changed = new URL(url);
    for (const [name, value] of Object.entries(parameters)) {
      if (value === undefined) changed.searchParams.delete(name);
      else changed.searchParams.set(name, value);
    }
    return changed;
  };
  /** The page without what it repeats. */
  const failurePage = async (): Promise<string> =>
    (await gateway.browse(new URL("https://x/oauth/callback?state=a&code=b"))).text;

  it("requests a code with PKCE for the redirect URI below PUBLIC_URL, and keeps the verifier", async () => {
    const { body } = await gateway.api(gateway.ada, "POST", "/auth-url");
    const { searchParams } = new URL(body.url);
    expect(searchParams.get("redirect_uri")).to.equal("https://gatehouse.example/oauth/callback");
    expect(searchParams.get("code_challenge_method")).to.equal("S256");
    expect(body).to.have.all.keys("url", "state", "expiresAt");
  });

  it("shows who is about to be connected, changes nothing, and connects after the confirmation", async () => {
    const url = await gateway.authorize(gateway.ada);
    for (const _ of [1, 2]) {
      const { status, text, headers } = await gateway.browse(url);
      expect(status).to.equal(200);
      expect(text).to.contain("Connect jira?").and.contain("<strong>ada</strong>");
      expect(headers.get("referrer-policy")).to.equal("same-origin");
      expect(headers.get("cache-control")).to.equal("no-store");
      expect(headers.get("content-security-policy")).to.contain("frame-ancestors 'none'");
    }
    expect(await statusOf(gateway.ada)).to.equal("not-connected");
    expect(await gateway.browse(url, "POST")).to.include({ status: 200 });
    expect(await statusOf(gateway.ada)).to.equal("connected");
    expect(await statusOf(gateway.grace)).to.equal("not-connected");
    const [event] = (await gateway.audit("connection.authorize")).slice(-1);
    expect(event).to.deep.include({ outcome: "success", details: { mcpServer: "jira", userId: gateway.ada.id } });
  });

  it("accepts a state once, also for two confirmations at once", async () => {
    const url = await gateway.authorize(gateway.ada);
    const replies = await Promise.all([gateway.browse(url, "POST"), gateway.browse(url, "POST")]);
    expect(replies.map(({ status }) => status).sort()).to.deep.equal([200, 400]);
    expect((await gateway.browse(url)).text).to.equal(await failurePage());
    const codes = gateway.provider.received.filter(({ form }) => form["code"] === url.searchParams.get("code"));
    expect(codes).to.have.length(1);
  });

  it("has one page for every failure, which does not state the cause", async () => {
    const url = await gateway.authorize(gateway.ada);
    const expected = await failurePage();
    const requests: readonly [URL, "GET" | "POST", Record<string, string>?][] = [
      [withParameters(url, { state: undefined }), "GET"],
      [withParameters(url, { state: "x".repeat(2001) }), "GET"],
      [withParameters(url, { code: undefined }), "GET"],
      [new URL(`${url}&state=again`), "GET"],
      [url, "POST", { Origin: "https://attacker.example" }],
      [url, "POST", { Origin: "null" }],
      [url, "POST", { "Sec-Fetch-Site": "cross-site" }],
      [withParameters(url, { iss: "https://attacker.example" }), "POST"],
    ];
    for (const [target, method, headers] of requests) {
      const { status, text } = await gateway.browse(target, method, headers);
      expect({ status, text }, `${method} ${target}`).to.deep.equal({ status: 400, text: expected });
    }
    expect(await statusOf(gateway.ada)).to.equal("not-connected");
    const [event] = (await gateway.audit("connection.authorize")).slice(-1);
    expect(event.outcome).to.equal("refused");
    expect(event.details.reason).to.contain("iss");
  });

  it("ends an authorization that the user denied", async () => {
    const url = await gateway.authorize(gateway.ada);
    const denied = withParameters(url, { code: undefined, error: "access_denied", error_description: "<script>" });
    const { status, text } = await gateway.browse(denied);
    expect(status).to.equal(400);
    expect(text).to.equal(await failurePage());
    expect((await gateway.browse(url, "POST")).status).to.equal(400);
  });

  it("escapes what it repeats", async () => {
    const url = withParameters(await gateway.authorize(gateway.ada), { code: `"><script>alert(1)</script>` });
    const { text } = await gateway.browse(url);
    expect(text).to.contain("&lt;script&gt;");
    expect(text).to.not.contain("<script>");
  });

  it("rejects an expired state, and one from before a deactivation of the user", async () => {
    const expired = await gateway.authorize(gateway.ada);
    const setActive = (value: boolean) => {
      const Operations = [{ op: "replace", path: "active", value }];
      return gateway.admin.patch(`/scim/v2/Users/${gateway.grace.id}`).send({ schemas: [patchUrn], Operations });
    };
    const outdated = await gateway.authorize(gateway.grace);
    await setActive(false).expect(200);
    expect((await gateway.browse(outdated, "POST")).status).to.equal(400);
    await setActive(true).expect(200);
    expect((await gateway.browse(outdated, "POST")).status).to.equal(400);
    gateway.advance(10 * 60_000 + 1);
    expect((await gateway.browse(expired, "POST")).status).to.equal(400);
    expect(await statusOf(gateway.ada)).to.equal("not-connected");
  });

  it("connects nobody while the organization is disabled", async () => {
    const { organizationLifecycle } = gateway.service.domain;
    const url = await gateway.authorize(gateway.ada);
    await organizationLifecycle.disable(operatorActor, "default");
    expect((await gateway.browse(url)).text).to.equal(await failurePage());
    expect((await gateway.browse(url, "POST")).status).to.equal(400);
    await organizationLifecycle.enable(operatorActor, "default");
    expect(await statusOf(gateway.ada)).to.equal("not-connected");
    expect((await gateway.browse(url, "POST")).status).to.equal(200);
  });

  it("sends no code to a token endpoint that was configured after the start", async () => {
    const url = await gateway.authorize(gateway.ada);
    const { length } = gateway.provider.received;
    const other = gateway.provider.auth({ clientId: "other" });
    await gateway.putServer("jira", [{ name: "echo" }], { auth: other });
    expect((await gateway.browse(url, "POST")).status).to.equal(400);
    expect(gateway.provider.received).to.have.length(length);
    await gateway.putServer("jira", [{ name: "echo" }], { auth: gateway.provider.auth() });
  });

  it("needs CREDENTIAL_KEY to start, in one sentence", async () => {
    const service = await startService({ open });
    try {
      const client = await service.clientWithScopes(["all"]);
      await client.post("/api/users").send({ userName: "ada" }).expect(201);
      const auth = {
        ...{
          type: "oauth2",
          clientId: "c",
          authorizationUrl: "https://as.example/a",
          tokenUrl: "https://as.example/t",
        },
      };
      const server = { slug: "jira", name: "Jira", transport: "http", url: "https://jira.example", status: "active" };
      const assignment = { everyone: true };
      await client
        .post("/api/mcp-servers")
        .send({ ...server, auth, assignment })
        .expect(201);
      const { body } = await client.post("/api/connections/jira/auth-url").set("x-user-email", "ada").expect(501);
      expect(body.detail).to.contain("CREDENTIAL_KEY is not set");
    } finally {
      await service.dispose();
    }
  });
});
