import { expect } from "chai";
import { assertDocumentsHoldNoSecret, withConnection, withDatabase } from "../store/mongo-opened.ts";
import { ownMongod, testMongo } from "../support/mongod.ts";
import { runCli, type ServiceProcess, startProcess } from "../support/process.ts";
import { remember } from "../support/secrets.ts";
import { patchUrn, userUrn } from "../support/service.ts";

const mongo = await testMongo();

(mongo ? describe : describe.skip)("Two processes on one MongoDB", () => {
  let uri: string;
  let one: ServiceProcess;
  let two: ServiceProcess;
  let secret: string;
  before(async () => {
    uri = withDatabase(mongo?.uri ?? "", `gatehouse_replicas_${Date.now()}`);
    [one, two] = await Promise.all([startProcess({ MONGODB_URI: uri }), startProcess({ MONGODB_URI: uri })]);
    secret = one.firstSecret || two.firstSecret;
  });
  after(async () => {
    await Promise.all([one.end("SIGTERM"), two.end("SIGTERM")]);
    await withConnection(uri, (connection) => connection.dropDatabase());
  });

  const post = async (process: ServiceProcess, path: string, body: object) => {
    const answer = await process.with(secret).post(`/scim/v2/${path}`).send(body).expect(201);
    return JSON.parse(answer.text);
  };

  it("that start at the same moment on an empty database make one organisation and print one token", () => {
    expect([one.firstSecret, two.firstSecret].filter((each) => each !== "")).to.have.length(1);
  });

  it("what one has made the other reads at once", async () => {
    const { id } = await post(one, "Users", { schemas: [userUrn], userName: "ada" });
    await two.with(secret).get(`/scim/v2/Users/${id}`).expect(200);
    await two.with(secret).delete(`/scim/v2/Users/${id}`).expect(204);
    await one.with(secret).get(`/scim/v2/Users/${id}`).expect(404);
  });

  it("a revoked token is refused by both on their next request", async () => {
    const made = await runCli(
      { MONGODB_URI: uri },
      "token",
      "create",
      "--name",
      "short-lived",
      "--scope",
      "admin:scim",
    );
    const revoked = remember(made.stdout.trim());
    const id = /tok_\w+/.exec(made.stderr)?.[0] ?? "";
    for (const process of [one, two]) await process.with(revoked).get("/scim/v2/Users").expect(200);
    expect((await runCli({ MONGODB_URI: uri }, "token", "revoke", id)).code).to.equal(0);
    for (const process of [one, two]) await process.with(revoked).get("/scim/v2/Users").expect(401);
  });

  it("50 members added to one group at once, through both, are all there", async () => {
    const users: string[] = [];
    for (let at = 0; at < 50; at++)
      users.push((await post(one, "Users", { schemas: [userUrn], userName: `m${at}` })).id);
    const group = await post(two, "Groups", { displayName: "busy" });
    await Promise.all(
      users.map((value, at) =>
        (at % 2 === 0 ? one : two)
          .with(secret)
          .patch(`/scim/v2/Groups/${group.id}`)
          .send({ schemas: [patchUrn], Operations: [{ op: "add", path: "members", value: [{ value }] }] })
          .expect(204),
      ),
    );
    const { members, meta } = JSON.parse((await one.with(secret).get(`/scim/v2/Groups/${group.id}`)).text);
    expect(members.map(({ value }: { value: string }) => value)).to.have.members(users);
    expect(meta.version).to.equal('W/"51"');
  });

  it("one name asked for by both at once is given once", async () => {
    const answers = await Promise.all(
      Array.from({ length: 20 }, (_, at) =>
        (at % 2 === 0 ? one : two)
          .with(secret)
          .post("/scim/v2/Users")
          .send({ schemas: [userUrn], userName: "contested" }),
      ),
    );
    const statuses = answers.map(({ status }) => status).sort();
    expect(statuses).to.deep.equal([201, ...Array(19).fill(409)]);
  });

  it("no document holds a token", async () => {
    await withConnection(uri, assertDocumentsHoldNoSecret);
  });
});

(mongo ? describe : describe.skip)("A MongoDB that fails", () => {
  for (const [how, fail, mend] of [
    ["is killed", "kill", "start"],
    ["is frozen", "freeze", "thaw"],
  ] as const) {
    it(`and ${how} is answered with 503 and Retry-After, never 404, until it is back`, async function () {
      this.timeout(90_000);
      const mongod = await ownMongod("replica-set");
      if (!mongod) {
        process.stdout.write("    (skipped: only a MongoDB that is not the test's own is there)\n");
        return this.skip();
      }
      const service = await startProcess({ MONGODB_URI: withDatabase(mongod.uri, "gatehouse") });
      try {
        const scim = service.with(service.firstSecret);
        const made = await scim
          .post("/scim/v2/Users")
          .send({ schemas: [userUrn], userName: "ada" })
          .expect(201);
        const path = `/scim/v2/Users/${JSON.parse(made.text).id}`;
        await mongod[fail]();
        for (let count = 0; count < 3; count++) {
          const refused = await scim.get(path);
          expect(refused.status).to.equal(503);
          expect(Number(refused.headers["retry-after"])).to.be.greaterThan(0);
        }
        expect((await scim.post("/scim/v2/Users").send({ schemas: [userUrn], userName: "eve" })).status).to.equal(503);
        expect((await scim.get("/readyz")).status).to.equal(503);
        await mongod[mend]();
        for (let status = 503; status !== 200; ) {
          status = (await scim.get(path)).status;
          expect(status).to.be.oneOf([200, 503]);
        }
        expect((await scim.post("/scim/v2/Users").send({ schemas: [userUrn], userName: "late" })).status).to.equal(201);
        expect(await service.end("SIGTERM")).to.equal(0);
      } finally {
        service.child.kill("SIGKILL");
        await mongod.dispose();
      }
    });
  }

  it("and is no replica set is refused at start, with the way to make it one", async function () {
    const mongod = await ownMongod("standalone");
    if (!mongod) {
      process.stdout.write("    (skipped: only a MongoDB that is not the test's own is there)\n");
      return this.skip();
    }
    try {
      const refused = String(await startProcess({ MONGODB_URI: mongod.uri }).catch((error: Error) => error));
      expect(refused).to.contain("ended with 1: gatehouse cannot start").and.to.contain("rs.initiate()");
      expect(refused).to.not.match(/\.js:\d/);
    } finally {
      await mongod.dispose();
    }
  });
});
