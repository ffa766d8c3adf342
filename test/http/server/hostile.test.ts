import { once } from "node:events";
import { connect } from "node:net";
import { expect } from "chai";
import { redactText } from "../../../src/log.ts";
import { requestLog, serviceTenant } from "../../../src/store/collections.ts";
import { type Agent, enterpriseUrn, patchUrn, type Service, startService, userUrn } from "../../support/service.ts";

/** Requests that would stop the service or lose data if they were accepted. */
describe("Hostile requests", () => {
  let service: Service;
  let scim: Agent;
  before(async () => {
    service = await startService();
    scim = await service.clientWithScopes(["admin:scim"]);
  });
  after(() => service.dispose());

  let number = 0;
  const buildUser = (more: object = {}) => ({ schemas: [userUrn], userName: `hostile${++number}`, ...more });
  const created = async (more: object = {}) =>
    (await scim.post("/scim/v2/Users").send(buildUser(more)).expect(201)).body;
  const patch = (path: string, ...Operations: object[]) => scim.patch(path).send({ schemas: [patchUrn], Operations });

  describe("an oversized user", () => {
    for (const [what, more, status] of [
      ["a hundred thousand empty elements", { emails: Array(80_000).fill({}) }, 413],
      ["more bytes than a user may have", { title: "x".repeat(300_000) }, 413],
      ["more characters than are stored", { title: "x".repeat(70_000) }, 413],
      ["101 e-mails", { emails: Array.from({ length: 101 }, (_, at) => ({ value: `${at}@x` })) }, 400],
      ["thousands of unknown keys", Object.fromEntries(Array.from({ length: 5000 }, (_, at) => [`k${at}`, 1])), 413],
      ["a userName of 2,000 characters", { userName: "x".repeat(2000) }, 400],
    ] as const) {
      it(`rejects ${what} with ${status}`, async () => {
        await scim.post("/scim/v2/Users").send(buildUser(more)).expect(status);
      });
    }

    it("rejects PATCH that exceeds the limits too", async () => {
      const user = await created();
      const add = { op: "add", path: "emails", value: Array.from({ length: 60 }, (_, at) => ({ value: `a${at}@x` })) };
      const more = { ...add, value: add.value.map(({ value }) => ({ value: `b${value}` })) };
      await patch(`/scim/v2/Users/${user.id}`, add, more).expect(400);
      expect((await scim.get(`/scim/v2/Users/${user.id}`)).body).to.deep.equal(user);
    });
  });

  it("redacts a string with many starts of connection strings in one pass", () => {
    expect(redactText("mongodb://".repeat(100_000))).to.have.length(1_000_000);
  });

  it("handles tens of thousands of combining marks at the cost of letters", async () => {
    const marks = "\u0301\u0316".repeat(30_000);
    await scim.post("/scim/v2/Groups").send({ displayName: marks }).expect(400);
    const user = await created();
    const gone = { op: "remove", path: "emails", value: [{ value: marks }] };
    expect((await patch(`/scim/v2/Users/${user.id}`, gone).expect(200)).body).to.deep.equal(user);
    const { body } = await scim
      .post("/scim/v2/Users")
      .send(buildUser({ emails: [{ value: `a${marks}` }] }))
      .expect(201);
    await patch(`/scim/v2/Users/${body.id}`, { op: "replace", path: "title", value: "x" }).expect(200);
  });

  it("rejects a hundred operations with a hundred comparisons each", async () => {
    const user = await created({ emails: Array.from({ length: 100 }, (_, at) => ({ value: `e\u0301${at}@x` })) });
    const filter = Array.from({ length: 100 }, (_, at) => `value co "zz${at}"`).join(" or ");
    const operations = (count: number) => Array(count).fill({ op: "remove", path: `emails[${filter}]` });
    await patch(`/scim/v2/Users/${user.id}`, ...operations(110)).expect(413);
    expect((await patch(`/scim/v2/Users/${user.id}`, ...operations(10)).expect(200)).body).to.deep.equal(user);
  });

  it("neither repeats nor searches a path or id of megabytes", async () => {
    const long = "mongodb://".repeat(20_000);
    const { id } = (await scim.post("/scim/v2/Groups").send({ displayName: "long paths" }).expect(201)).body;
    const response = await patch(`/scim/v2/Groups/${id}`, { op: "add", path: long, value: 1 }).expect(400);
    expect(response.text.length).to.be.lessThan(1000);
    const named = await scim
      .post("/scim/v2/Groups")
      .send({ displayName: "m", members: [{ value: long }] })
      .expect(400);
    expect(named.text.length).to.be.lessThan(1000);
  });

  it("rejects a header of many spaces as one unusable credential", async () => {
    await service
      .clientWithSecret()
      .get("/api/whoami")
      .set("Authorization", `Bearer a${" ".repeat(7000)}b`)
      .expect(401);
  });

  it("rejects a token without a scheme", async () => {
    const { secret } = await service.issueToken({ scopes: ["all"] });
    await service.clientWithSecret().get("/api/whoami").set("Authorization", secret).expect(401);
  });

  it("applies a filter after a thousand other parameters", async () => {
    const { body } = await scim.get(`/scim/v2/Users?${"a&".repeat(1500)}filter=userName eq "nobody"`).expect(200);
    expect(body.totalResults).to.equal(0);
  });

  it("rejects schemas that are not strings", async () => {
    const { id } = await created();
    await scim
      .patch(`/scim/v2/Users/${id}`)
      .send({ schemas: [{ toString: 1 }], Operations: [] })
      .expect(400);
  });

  it("writes no error into a response in progress when garbage follows", async () => {
    const { id } = (await scim.post("/scim/v2/Groups").send({ displayName: "streamed" }).expect(201)).body;
    const ids = Array.from({ length: 60_000 }, (_, at) => `usr_${String(at).padStart(26, "0")}`);
    await service.store.transaction((change) => change.for(service.organizationId).memberships.add(id, ids));
    const { secret } = await service.issueToken({ scopes: ["admin:scim"] });
    const socket = connect(service.port, "127.0.0.1");
    socket.write(`GET /scim/v2/Groups/${id} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${secret}\r\n\r\n`);
    const [first] = await once(socket, "data");
    let text = String(first);
    socket.pause();
    socket.write("GARBAGE\r\n\r\n");
    socket.on("data", (chunk) => {
      text += chunk;
    });
    socket.on("error", () => undefined);
    socket.resume();
    await once(socket, "close");
    expect(text.match(/HTTP\/1\.1 /g)).to.have.length(1);
  });

  describe("RFC 7644 section 3.5.2: invalid PATCH operations", () => {
    const emails = [{ value: "a@x" }, { value: "b@x" }];

    it("remove with a value removes only that element", async () => {
      const { id } = await created({ emails });
      const { body } = await patch(`/scim/v2/Users/${id}`, { op: "remove", path: "emails", value: [{ value: "b@x" }] });
      expect(body.emails).to.deep.equal([{ value: "a@x" }]);
    });

    for (const [what, operation] of Object.entries({
      "an added null": { op: "add", path: "emails", value: null },
      "an extension that is no object": { op: "replace", path: enterpriseUrn, value: "oops" },
      "an element that is a list": { op: "add", path: "emails", value: [[["a"]]] },
      "the removal of active": { op: "remove", path: "active" },
      "active that is null": { op: "replace", path: "active", value: null },
    })) {
      it(`rejects ${what}, and loses nothing`, async () => {
        const user = await created({ emails, [enterpriseUrn]: { department: "d" } });
        const rejected = await patch(`/scim/v2/Users/${user.id}`, operation);
        expect(rejected.status, rejected.text).to.be.oneOf([400, 501]);
        expect((await scim.get(`/scim/v2/Users/${user.id}`)).body).to.deep.equal(user);
      });
    }

    for (const [what, operation] of Object.entries({
      "an unknown sub-attribute": { op: "add", path: "name", value: { foo: 1 } },
      "an unknown attribute of the extension": { op: "add", path: enterpriseUrn, value: { foo: 1 } },
      "an element with only unknown sub-attributes": { op: "add", path: "emails", value: [{ foo: 1 }] },
    })) {
      // Rejecting them would also reject the deactivation beside them, so they are ignored and named in the request log.
      it(`ignores ${what}, and loses nothing`, async () => {
        const user = await created({ emails, name: { givenName: "g" }, [enterpriseUrn]: { department: "d" } });
        expect((await patch(`/scim/v2/Users/${user.id}`, operation).expect(200)).body).to.deep.equal(user);
      });
    }

    it("removing members with a null value removes none", async () => {
      const { id } = await created();
      const group = await scim.post("/scim/v2/Groups").send({ displayName: "kept", members: [{ value: id }] });
      await patch(`/scim/v2/Groups/${group.body.id}`, { op: "remove", path: "members", value: null }).expect(400);
      expect((await scim.get(`/scim/v2/Groups/${group.body.id}`)).body.members).to.have.length(1);
    });

    for (const [what, more] of Object.entries({
      "one attribute name in two cases": { USERNAME: "other" },
      "an extension that is a list": { [enterpriseUrn]: ["x"] },
    })) {
      it(`rejects ${what} in a new user`, async () => {
        await scim.post("/scim/v2/Users").send(buildUser(more)).expect(400);
      });
    }
  });
});

describe("The request log", () => {
  it("stores no credentials and no values, wherever they were sent, and limits the size of a body", async () => {
    const authSecret = "correct-horse-battery-staple-0123456789";
    const service = await startService({ environment: { AUTH_SECRET: authSecret } });
    const scim = await service.clientWithScopes(["admin:scim"]);
    const { secret } = await service.issueToken({ scopes: ["admin:scim"] });
    await service.clientWithSecret().get(`/api/whoami?access_token=${authSecret}`).expect(400);
    await service.clientWithSecret().post("/scim/v2/Users").type("form").send(`${secret}=1`).expect(401);
    const Operations = [{ op: "add", path: secret, value: 1 }];
    const group = (await scim.post("/scim/v2/Groups").send({ displayName: "logged" }).expect(201)).body;
    const user = (await scim.post("/scim/v2/Users").send({ userName: "logged" }).expect(201)).body;
    await scim
      .patch(`/scim/v2/Groups/${group.id}`)
      .send({ schemas: [patchUrn], Operations })
      .expect(400);
    await scim
      .post("/scim/v2/Groups")
      .send({ [secret]: 1, "bob@example.com": 2, displayName: 5 })
      .expect(400);
    await scim.post("/scim/v2/Groups").send({ displayName: 5, a: Array(20).fill(Array(20).fill(Array(20).fill(1))) });
    for (const filter of ['title eq "aa\\"SECRETVALUE x"', "title eq SECRETVALUE or title pr"])
      await scim.get("/scim/v2/Users").query({ filter });
    await scim.get("/scim/v2/Users?filter=title+co+SECRETVALUE").expect(400);
    await scim.post("/scim/v2/Users/.search").send({ "SECRETVALUE@x.com": 1 }).expect(400);
    const active = "SECRETVALUE";
    await scim
      .patch(`/scim/v2/Users/${user.id}`)
      .send({ schemas: [patchUrn], Operations: [{ op: active, value: { active } }] })
      .expect(400);
    await service.shutDown();
    const kept: string[] = [];
    for (const organization of [service.organizationId, serviceTenant]) {
      const { items } = await service.store.for(organization).open(requestLog).list({ limit: 1000 });
      kept.push(...items.map((entry) => JSON.stringify(entry)));
    }
    expect(kept).to.have.length(12);
    for (const text of kept) {
      for (const value of [authSecret, secret, "bob@example.com", "SECRETVALUE"]) expect(text).to.not.contain(value);
      expect(text.length).to.be.lessThan(8000);
    }
    await service.dispose();
  });
});
