import { createHash } from "node:crypto";
import { expect } from "chai";
import { issueState } from "../../../src/domain/connections/state.ts";
import { serviceKeys, serviceTenant } from "../../../src/store/collections.ts";
import { describeOnEngines } from "../../store/engines.fixture.ts";
import { type ConnectionsFixture, startConnectionsFixture, toServerSlugs } from "./connections.fixture.ts";
import { errorPointers } from "./pointers.fixture.ts";

describeOnEngines("POST /api/connections/{id}/auth-url", (open) => {
  let world: ConnectionsFixture;
  before(async () => {
    world = await startConnectionsFixture(open);
  });
  after(() => world.service.dispose());
  afterEach(() => world.deleteAll());

  const as: ConnectionsFixture["as"] = (userName, agent) => world.as(userName, agent);

  const start = async (userName: string, slug: string) =>
    (await as(userName).post(`/${slug}/auth-url`).expect(200)).body as Record<string, string>;
  /** The service's own signing key, to forge states. */
  const key = async (): Promise<Buffer> => {
    await start("ada", "github");
    const { items } = await world.service.store.for(serviceTenant).open(serviceKeys).list({ limit: 2 });
    expect(items).to.have.length(1);
    return Buffer.from(items[0]?.secret ?? "", "base64url");
  };
  const rejectionOf = async (userName: string, slug: string, state: string): Promise<string> => {
    const response = await as(userName).put(`/${slug}`).set("X-Request-Id", "same").send({ state });
    expect(response.status, state).to.equal(400);
    expect(errorPointers(response)).to.deep.equal(["/state"]);
    return response.text;
  };

  it("returns everything that the client needs, and stores nothing", async () => {
    const { url = "", state, codeVerifier = "", expiresAt = "" } = await start("ada", "github");
    const { searchParams, origin, pathname } = new URL(url);
    expect(origin + pathname).to.equal("https://as.example/authorize");
    expect(Object.fromEntries(searchParams)).to.deep.equal({
      tenant: "acme",
      response_type: "code",
      client_id: "client",
      redirect_uri: "https://plugin.example/callback",
      scope: "repo",
      state,
      code_challenge: createHash("sha256").update(codeVerifier).digest("base64url"),
      code_challenge_method: "S256",
    });
    const life = new Date(expiresAt).getTime() - Date.now();
    expect(life).to.be.within(1, 10 * 60_000);
    expect((await as("ada").get("/github").expect(200)).body.status).to.equal("not-connected");
    await as("ada").put("/github").send({ state }).expect(201);
  });

  it("rejects a server with another type of auth, and names the type", async () => {
    const { body: problem } = await as("ada").post("/jira/auth-url").expect(409);
    expect(problem.detail).to.include("none, not oauth2");
  });

  it("accepts a state only for its user, server and organization", async () => {
    const { state = "" } = await start("ada", "github");
    const details = [await rejectionOf("grace", "github", state), await rejectionOf("ada", "gitlab", state)];
    const others = as("ada", await world.service.clientWithScopes(["connect:write"], world.ids["elsewhere"]));
    const foreign = await others.put("/github").set("X-Request-Id", "same").send({ state }).expect(400);
    expect(new Set([...details, foreign.text]).size).to.equal(1);
    expect(toServerSlugs(await others.get("").expect(200))).to.deep.equal([]);
    const theirs = (await others.post("/github/auth-url").expect(200)).body.state;
    await rejectionOf("ada", "github", theirs);
    await as("ada").put("/github").send({ state }).expect(201);
  });

  it("rejects an expired, altered or forged state", async () => {
    const subject = {
      organizationId: world.service.organizationId,
      userId: world.ids["ada"] ?? "",
      mcpServerId: world.ids["github"] ?? "",
    };
    const old = issueState(await key(), subject, Date.now() - 10 * 60_000).state;
    const { state = "" } = await start("ada", "github");
    const swapped = state.replace(/^.{3}/, (text) => [...text].map((each) => (each === "A" ? "B" : "A")).join(""));
    for (const wrong of [old, swapped, state.slice(1), `${state}A`, "", "null", "A".repeat(72), "\u{1F4A5}"]) {
      await rejectionOf("ada", "github", wrong);
    }
    await as("ada").put("/github").send({ state: 5 }).expect(400);
    await as("ada")
      .put("/github")
      .send({ state: "A".repeat(2001) })
      .expect(400);
    expect(await world.listServers("ada")).to.deep.equal([]);
    const fresh = issueState(await key(), subject).state;
    await as("ada").put("/github").send({ state: fresh }).expect(201);
  });

  it("exposes the signing key in no response, audit event or log line", async () => {
    const secret = (await key()).toString("base64url");
    const { text: started } = await as("ada").post("/github/auth-url").expect(200);
    const { text: events } = await world.admin.get("/api/audit-events").query({ limit: 100 }).expect(200);
    for (const text of [started, events, world.service.log()]) expect(text).to.not.include(secret);
  });
});
