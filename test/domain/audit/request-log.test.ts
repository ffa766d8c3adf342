import { expect } from "chai";
import type { RequestLogEntry } from "../../../schemas/audit-event.ts";
import { RequestLog, type RequestLogInput } from "../../../src/domain/audit/request-log.ts";
import { requestLog as requestRecords, serviceTenant } from "../../../src/store/collections.ts";
import type { Store } from "../../../src/store/store.ts";
import { enterpriseUrn, groupUrn, patchUrn, type Service, startService, userUrn } from "../../support/service.ts";
import { type DomainTestContext, expectRejection, openDomain, simulateOutage } from "../domain.fixture.ts";

const listEntriesOf = async (store: Store, organizationId: string): Promise<readonly RequestLogEntry[]> =>
  (await store.for(organizationId).open(requestRecords).list({ limit: 1000 })).items;

describe("Request log buffer", () => {
  let domain: DomainTestContext;
  let log: RequestLog;
  beforeEach(async () => {
    domain = await openDomain();
    log = new RequestLog(domain.store);
  });
  afterEach(() => domain.dispose());

  const request = (more: Partial<RequestLogInput> = {}): RequestLogInput => ({
    ...{ method: "GET", path: "/scim/v2/Users", status: 200, ip: "192.0.2.1", requestId: "r-1", durationMs: 1.5 },
    ...more,
  });
  const listEntries = (organizationId: string) => listEntriesOf(domain.store, organizationId);
  it("writes nothing before a flush, and every request once", async () => {
    for (let at = 0; at < 250; at++)
      log.record(request({ organizationId: domain.organizationId, requestId: `r-${at}` }));
    log.record(request({ organizationId: domain.otherId }));
    expect(await listEntries(domain.organizationId)).to.deep.equal([]);
    await log.flush();
    await log.flush();
    const ids = (await listEntries(domain.organizationId)).map(({ requestId }) => requestId);
    expect(ids).to.have.members(Array.from({ length: 250 }, (_, at) => `r-${at}`));
    expect(await listEntries(domain.otherId)).to.have.length(1);
  });

  it("records at most 100 unauthenticated requests between two flushes, in the service tenant", async () => {
    for (const _ of [1, 2]) {
      for (let at = 0; at < 1000; at++) log.record(request({ status: 401 }));
      log.record(request({ organizationId: domain.organizationId }));
      await log.flush();
    }
    expect(await listEntries(serviceTenant)).to.have.length(200);
    expect(await listEntries(domain.organizationId)).to.have.length(2);
  });

  it("records at most 1,000 requests of an hour with rejected credentials for each organization", async () => {
    let now = Date.parse("2026-11-29T12:00:00Z");
    const hourly = new RequestLog(domain.store, () => now);
    const flood = async () => {
      for (let flush = 0; flush < 12; flush++) {
        for (let at = 0; at < 120; at++) {
          hourly.record(request({ status: 401, cause: "unknown" }));
          hourly.record(request({ status: 401, cause: "revoked", organizationId: domain.organizationId }));
        }
        await hourly.flush();
      }
      return [await listEntries(serviceTenant), await listEntries(domain.organizationId)].map(({ length }) => length);
    };
    expect(await flood()).to.deep.equal([1000, 1000]);
    now += 3_600_000;
    const open = domain.store.for(domain.organizationId).open(requestRecords);
    await flood();
    expect(await open.count()).to.equal(2000);
    hourly.record(request({ organizationId: domain.organizationId }));
    await hourly.flush();
    expect(await open.count()).to.equal(2001);
  });

  it("keeps unwritten requests for the next flush", async () => {
    log.record(request({ organizationId: domain.organizationId, requestId: "before" }));
    const restore = await simulateOutage(domain);
    await expectRejection(log.flush(), "unavailable");
    log.record(request({ organizationId: domain.organizationId, requestId: "during" }));
    await expectRejection(log.flush(), "unavailable");
    await restore();
    await log.flush();
    const ids = (await listEntries(domain.organizationId)).map(({ requestId }) => requestId);
    expect(ids).to.have.members(["before", "during"]);
  });

  it("keeps the last 10,000 requests while the store is unavailable, each of them once", async () => {
    const { organizationId } = domain;
    const restore = await simulateOutage(domain);
    for (let at = 0; at < 10_000; at++) log.record(request({ organizationId, requestId: `r-${at}` }));
    const failing = expectRejection(log.flush(), "unavailable");
    for (let at = 10_000; at < 10_050; at++) log.record(request({ organizationId, requestId: `r-${at}` }));
    await failing;
    await restore();
    await log.flush();
    const open = domain.store.for(organizationId).open(requestRecords);
    const countOf = (requestId: string) => open.count({ op: "eq", path: "requestId", value: requestId });
    expect(await open.count()).to.equal(10_000);
    expect(await Promise.all(["r-0", "r-49", "r-50", "r-10049"].map(countOf))).to.deep.equal([0, 0, 1, 1]);
  });
});

describe("Request log of /scim", () => {
  let service: Service;
  let entries: readonly RequestLogEntry[];
  const values = ["ada.lovelace", "Lovelace", "Analytical", "5551234", "hunter2hunter2", "emp-1815", "Countesses"];
  before(async () => {
    service = await startService();
    const scim = await service.clientWithScopes(["admin:scim"]);
    const user = {
      schemas: [userUrn, enterpriseUrn],
      ...{ userName: "ada.lovelace@example.com", active: true, password: "hunter2hunter2" },
      name: { familyName: "Lovelace", givenName: "Ada" },
      emails: [{ value: "ada.lovelace@example.com", type: "work", primary: true }],
      phoneNumbers: [{ value: "5551234" }],
      [enterpriseUrn]: { employeeNumber: "emp-1815", department: "Analytical" },
    };
    const created = await scim.post("/scim/v2/Users").send(user);
    const { id } = JSON.parse(created.text);
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
    await service.clientWithSecret("junk").get("/scim/v2/Users");
    await service.shutDown();
    entries = await listEntriesOf(service.store, service.organizationId);
  });
  after(() => service.dispose());

  it("has an entry for every request with actor, method, status and duration", () => {
    expect(entries.map(({ method, status }) => `${method} ${status}`)).to.have.members([
      ...["POST 201", "POST 409", "GET 200", "GET 200", "PATCH 200", "PATCH 200", "POST 201", "GET 401"],
    ]);
    for (const { actor, durationMs, ip, requestId, cause } of entries) {
      expect(actor?.type).to.equal(cause === undefined ? "token" : undefined);
      expect(durationMs).to.be.greaterThan(0);
      expect(ip).to.equal("127.0.0.1");
      expect(requestId).to.be.a("string");
    }
    expect(entries.find(({ status }) => status === 409)?.detail).to.be.a("string");
  });

  it("contains no personal data from bodies or filters", () => {
    const text = JSON.stringify(entries);
    for (const value of values) expect(text).to.not.contain(value);
  });

  it("shows the structure of a request: schemas, operations, paths and attribute names", () => {
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

  it("records a request with an unknown credential for the only organization, with the cause", async () => {
    expect(entries.find(({ status }) => status === 401)).to.include({ cause: "malformed" });
    expect(await listEntriesOf(service.store, serviceTenant)).to.deep.equal([]);
  });
});
