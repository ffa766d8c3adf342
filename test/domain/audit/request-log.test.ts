import { expect } from "chai";
import type { RequestLogEntry } from "../../../schemas/audit-event.ts";
import { type LoggedRequest, RequestLog } from "../../../src/domain/audit/request-log.ts";
import type { Store } from "../../../src/store/collection.ts";
import { requestLog as requestRecords, serviceTenant } from "../../../src/store/collections.ts";
import { enterpriseUrn, groupUrn, patchUrn, type Service, startService, userUrn } from "../../support/service.ts";
import { type Opened, openDomain, refusalOf, takeAway } from "../opened.ts";

const entriesOf = async (store: Store, organizationId: string): Promise<readonly RequestLogEntry[]> =>
  (await store.for(organizationId).open(requestRecords).list({ limit: 1000 })).items;

describe("RequestLog", () => {
  let domain: Opened;
  let log: RequestLog;
  beforeEach(async () => {
    domain = await openDomain();
    log = new RequestLog(domain.store);
  });
  afterEach(() => domain.dispose());

  const request = (more: Partial<LoggedRequest> = {}): LoggedRequest => ({
    ...{ method: "GET", path: "/scim/v2/Users", status: 200, ip: "192.0.2.1", requestId: "r-1", durationMs: 1.5 },
    ...more,
  });
  const entries = (organizationId: string) => entriesOf(domain.store, organizationId);
  it("writes nothing on a request's way, and every request once at the flush", async () => {
    for (let at = 0; at < 250; at++) log.note(request({ organizationId: domain.organizationId, requestId: `r-${at}` }));
    log.note(request({ organizationId: domain.otherId }));
    expect(await entries(domain.organizationId)).to.deep.equal([]);
    await log.flush();
    await log.flush();
    const ids = (await entries(domain.organizationId)).map(({ requestId }) => requestId);
    expect(ids).to.have.members(Array.from({ length: 250 }, (_, at) => `r-${at}`));
    expect(await entries(domain.otherId)).to.have.length(1);
  });

  it("keeps at most 100 requests of strangers between two flushes, in the service's own tenant", async () => {
    for (const _ of [1, 2]) {
      for (let at = 0; at < 1000; at++) log.note(request({ status: 401 }));
      log.note(request({ organizationId: domain.organizationId }));
      await log.flush();
    }
    expect(await entries(serviceTenant)).to.have.length(200);
    expect(await entries(domain.organizationId)).to.have.length(2);
  });

  it("keeps what cannot be written for the next flush", async () => {
    log.note(request({ organizationId: domain.organizationId, requestId: "before" }));
    const bringBack = await takeAway(domain);
    await refusalOf(log.flush(), "unavailable");
    log.note(request({ organizationId: domain.organizationId, requestId: "during" }));
    await refusalOf(log.flush(), "unavailable");
    await bringBack();
    await log.flush();
    const ids = (await entries(domain.organizationId)).map(({ requestId }) => requestId);
    expect(ids).to.have.members(["before", "during"]);
  });

  it("keeps the last 10,000 while nothing can be written, and each of those once", async () => {
    const { organizationId } = domain;
    const bringBack = await takeAway(domain);
    for (let at = 0; at < 10_000; at++) log.note(request({ organizationId, requestId: `r-${at}` }));
    const failing = refusalOf(log.flush(), "unavailable");
    for (let at = 10_000; at < 10_050; at++) log.note(request({ organizationId, requestId: `r-${at}` }));
    await failing;
    await bringBack();
    await log.flush();
    const open = domain.store.for(organizationId).open(requestRecords);
    const countOf = (requestId: string) => open.count({ op: "eq", path: "requestId", value: requestId });
    expect(await open.count()).to.equal(10_000);
    expect(await Promise.all(["r-0", "r-49", "r-50", "r-10049"].map(countOf))).to.deep.equal([0, 0, 1, 1]);
  });
});

describe("The request log of /scim", () => {
  let service: Service;
  let entries: readonly RequestLogEntry[];
  const values = ["ada.lovelace", "Lovelace", "Analytical", "5551234", "hunter2hunter2", "emp-1815", "Countesses"];
  before(async () => {
    service = await startService();
    const scim = await service.as(["admin:scim"]);
    const user = {
      schemas: [userUrn, enterpriseUrn],
      ...{ userName: "ada.lovelace@example.com", active: true, password: "hunter2hunter2" },
      name: { familyName: "Lovelace", givenName: "Ada" },
      emails: [{ value: "ada.lovelace@example.com", type: "work", primary: true }],
      phoneNumbers: [{ value: "5551234" }],
      [enterpriseUrn]: { employeeNumber: "emp-1815", department: "Analytical" },
    };
    const made = await scim.post("/scim/v2/Users").send(user);
    const { id } = JSON.parse(made.text);
    await scim.post("/scim/v2/Users").send(user);
    const filter = 'userName eq "ada.lovelace@example.com"';
    await scim.get("/scim/v2/Users").query({ filter });
    await scim.get(`/scim/v2/Users?filter=${filter.replaceAll(" ", "+")}`);
    await scim.patch(`/scim/v2/Users/${id}`).send({
      schemas: [patchUrn],
      Operations: [{ op: "replace", path: "name.familyName", value: "Lovelace" }],
    });
    await scim.patch(`/scim/v2/Users/${id}`).send({
      schemas: [patchUrn],
      Operations: [{ op: "add", value: { 'emails[value eq "ada.lovelace@example.com"].display': "Lovelace" } }],
    });
    await scim
      .post("/scim/v2/Groups")
      .send({ schemas: [groupUrn], displayName: "Countesses", members: [{ value: id }] });
    await service.with("junk").get("/scim/v2/Users");
    await service.settle();
    entries = await entriesOf(service.store, service.organizationId);
  });
  after(() => service.dispose());

  it("has an entry of every request, still after the first flush: who, what, the answer and how long", () => {
    expect(entries.map(({ method, status }) => `${method} ${status}`)).to.have.members([
      ...["POST 201", "POST 409", "GET 200", "GET 200", "PATCH 200", "PATCH 200", "POST 201"],
    ]);
    for (const { actor, durationMs, ip, requestId } of entries) {
      expect(actor?.type).to.equal("token");
      expect(durationMs).to.be.greaterThan(0);
      expect(ip).to.equal("127.0.0.1");
      expect(requestId).to.be.a("string");
    }
    expect(entries.find(({ status }) => status === 409)?.detail).to.be.a("string");
  });

  it("never holds what a body or a filter says of a person", () => {
    const text = JSON.stringify(entries);
    for (const value of values) expect(text).to.not.contain(value);
  });

  it("shows how a request was meant: its schemas, operations, paths and names of attributes", () => {
    const [post] = entries.filter(({ status }) => status === 201);
    expect(post?.body).to.deep.include({
      schemas: [userUrn, enterpriseUrn],
      ...{ userName: "***", active: true, password: "***" },
      emails: [{ value: "***", type: "work", primary: true }],
    });
    const patch = entries.find(({ method }) => method === "PATCH");
    expect(patch?.body).to.deep.equal({
      schemas: [patchUrn],
      Operations: [{ op: "replace", path: "name.familyName", value: "***" }],
    });
    const get = entries.find(({ method }) => method === "GET");
    expect(decodeURIComponent(get?.path ?? "")).to.match(/^\/scim\/v2\/Users\?filter=userName[ +]eq[ +]"\*\*\*"$/);
  });

  it("keeps the request of a stranger in the service's own tenant", async () => {
    const strangers = await entriesOf(service.store, serviceTenant);
    expect(strangers.map(({ status }) => status)).to.deep.equal([401]);
    expect(strangers[0]).to.not.have.any.keys("actor");
  });
});
