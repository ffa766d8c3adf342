import { expect } from "chai";
import { TestBrowser } from "../http/console/browser.fixture.ts";
import { assertNoSecretInDocuments, withConnection, withDatabase } from "../store/mongodb/mongodb.fixture.ts";
import { describeOnMongod, startDedicatedMongod } from "../support/mongod.ts";
import { runCli, type ServiceProcess, startProcess } from "../support/process.ts";
import { trackSecret } from "../support/secrets.ts";
import { patchUrn, userUrn } from "../support/service.ts";

describeOnMongod("Two processes that share MongoDB", (server) => {
  let uri: string;
  let one: ServiceProcess;
  let two: ServiceProcess;
  let secret: string;
  before(async () => {
    uri = withDatabase(server(), `gatehouse_replicas_${Date.now()}`);
    [one, two] = await Promise.all([startProcess({ MONGODB_URI: uri }), startProcess({ MONGODB_URI: uri })]);
    secret = one.firstSecret || two.firstSecret;
  });
  after(async () => {
    await Promise.all([one.stop("SIGTERM"), two.stop("SIGTERM")]);
    await withConnection(uri, (connection) => connection.dropDatabase());
  });

  const post = async (process: ServiceProcess, path: string, body: object) => {
    const response = await process.clientWithSecret(secret).post(`/scim/v2/${path}`).send(body).expect(201);
    return JSON.parse(response.text);
  };

  it("create one organization and print one token when they start together on an empty database", () => {
    expect([one.firstSecret, two.firstSecret].filter((each) => each !== "")).to.have.length(1);
  });

  it("read each other's writes immediately", async () => {
    const { id } = await post(one, "Users", { schemas: [userUrn], userName: "ada" });
    await two.clientWithSecret(secret).get(`/scim/v2/Users/${id}`).expect(200);
    await two.clientWithSecret(secret).delete(`/scim/v2/Users/${id}`).expect(204);
    await one.clientWithSecret(secret).get(`/scim/v2/Users/${id}`).expect(404);
  });

  it("both reject a revoked token on the next request", async () => {
    const tokenCreation = await runCli(
      { MONGODB_URI: uri },
      "token",
      "create",
      "--name",
      "short-lived",
      "--scope",
      "admin:scim",
    );
    const revoked = trackSecret(tokenCreation.stdout.trim());
    const id = /tok_\w+/.exec(tokenCreation.stderr)?.[0] ?? "";
    for (const process of [one, two]) await process.clientWithSecret(revoked).get("/scim/v2/Users").expect(200);
    expect((await runCli({ MONGODB_URI: uri }, "token", "revoke", id)).code).to.equal(0);
    for (const process of [one, two]) await process.clientWithSecret(revoked).get("/scim/v2/Users").expect(401);
  });

  it("share a session of the console, which ends on both when its token is revoked", async () => {
    const { stdout, stderr } = await runCli(
      { MONGODB_URI: uri },
      ...["token", "create", "--name", "console", "--scope", "admin:read"],
    );
    const [first, second] = [new TestBrowser(one), new TestBrowser(two)];
    await first.signIn(trackSecret(stdout.trim()));
    second.cookie = first.cookie;
    for (const browser of [first, second]) expect((await browser.get("/console")).status).to.equal(200);
    expect((await runCli({ MONGODB_URI: uri }, "token", "revoke", /tok_\w+/.exec(stderr)?.[0] ?? "")).code).to.equal(0);
    for (const browser of [first, second])
      expect((await browser.get("/console")).location).to.equal("/console/sign-in?ended");
  });

  it("both reject the tokens of a disabled organization on the next request", async () => {
    const run = (...args: readonly string[]) => runCli({ MONGODB_URI: uri }, ...args);
    await run("organization", "create", "acme");
    const token = await run("token", "create", "--organization", "acme", "--name", "x", "--scope", "admin:scim");
    const acmeSecret = trackSecret(token.stdout.trim());
    for (const [command, status] of [
      ["enable", 200],
      ["disable", 401],
      ["enable", 200],
    ] as const) {
      expect((await run("organization", command, "acme")).code).to.equal(0);
      for (const process of [one, two]) await process.clientWithSecret(acmeSecret).get("/scim/v2/Users").expect(status);
    }
    expect((await run("organization", "delete", "acme", "--force")).code).to.equal(0);
    for (const process of [one, two]) await process.clientWithSecret(acmeSecret).get("/scim/v2/Users").expect(401);
  });

  it("keep all of 50 members that are added to one group concurrently", async () => {
    const users: string[] = [];
    for (let at = 0; at < 50; at++)
      users.push((await post(one, "Users", { schemas: [userUrn], userName: `m${at}` })).id);
    const group = await post(two, "Groups", { displayName: "busy" });
    await Promise.all(
      users.map((value, at) =>
        (at % 2 === 0 ? one : two)
          .clientWithSecret(secret)
          .patch(`/scim/v2/Groups/${group.id}`)
          .send({ schemas: [patchUrn], Operations: [{ op: "add", path: "members", value: [{ value }] }] })
          .expect(204),
      ),
    );
    const { members, meta } = JSON.parse((await one.clientWithSecret(secret).get(`/scim/v2/Groups/${group.id}`)).text);
    expect(members.map(({ value }: { value: string }) => value)).to.have.members(users);
    expect(meta.version).to.equal('W/"51"');
  });

  it("accept only one of 20 concurrent creations with the same userName", async () => {
    const responses = await Promise.all(
      Array.from({ length: 20 }, (_, at) =>
        (at % 2 === 0 ? one : two)
          .clientWithSecret(secret)
          .post("/scim/v2/Users")
          .send({ schemas: [userUrn], userName: "contested" }),
      ),
    );
    const statuses = responses.map(({ status }) => status).sort();
    expect(statuses).to.deep.equal([201, ...Array(19).fill(409)]);
  });

  it("store no token in any document", async () => {
    await withConnection(uri, assertNoSecretInDocuments);
  });
});

describeOnMongod("The service during a MongoDB failure", () => {
  for (const [failure, fail, recover] of [
    ["was killed", "kill", "start"],
    ["was frozen", "freeze", "thaw"],
  ] as const) {
    it(`responds with 503 and Retry-After, never 404, until a server that ${failure} is back`, async function () {
      this.timeout(90_000);
      const mongod = await startDedicatedMongod("replica-set");
      if (!mongod) {
        process.stdout.write("    (skipped: the test needs a mongod of its own)\n");
        return this.skip();
      }
      const service = await startProcess({ MONGODB_URI: withDatabase(mongod.uri, "gatehouse") });
      try {
        const scim = service.clientWithSecret(service.firstSecret);
        const creation = await scim
          .post("/scim/v2/Users")
          .send({ schemas: [userUrn], userName: "ada" })
          .expect(201);
        const path = `/scim/v2/Users/${JSON.parse(creation.text).id}`;
        await mongod[fail]();
        for (let count = 0; count < 3; count++) {
          const response = await scim.get(path);
          expect(response.status).to.equal(503);
          expect(Number(response.headers["retry-after"])).to.be.greaterThan(0);
        }
        expect((await scim.post("/scim/v2/Users").send({ schemas: [userUrn], userName: "eve" })).status).to.equal(503);
        expect((await scim.get("/readyz")).status).to.equal(503);
        await mongod[recover]();
        for (let status = 503; status !== 200; ) {
          status = (await scim.get(path)).status;
          expect(status).to.be.oneOf([200, 503]);
        }
        expect((await scim.post("/scim/v2/Users").send({ schemas: [userUrn], userName: "late" })).status).to.equal(201);
        expect(await service.stop("SIGTERM")).to.equal(0);
      } finally {
        service.child.kill("SIGKILL");
        await mongod.dispose();
      }
    });
  }

  it("does not start on a standalone server, and explains how to convert it to a replica set", async function () {
    const mongod = await startDedicatedMongod("standalone");
    if (!mongod) {
      process.stdout.write("    (skipped: the test needs a mongod of its own)\n");
      return this.skip();
    }
    try {
      const message = String(await startProcess({ MONGODB_URI: mongod.uri }).catch((error: Error) => error));
      expect(message).to.contain("ended with 1: gatehouse cannot start").and.to.contain("rs.initiate()");
      expect(message).to.not.match(/\.js:\d/);
    } finally {
      await mongod.dispose();
    }
  });
});
