import { expect } from "chai";
import { auditEventOf, operator } from "../../../src/domain/audit/record.ts";
import { Retention } from "../../../src/domain/audit/retention.ts";
import { newEntity } from "../../../src/domain/entity.ts";
import { auditEvents, requestLog, serviceTenant } from "../../../src/store/collections.ts";
import { type Opened, openDomain } from "../opened.ts";

describe("Retention", () => {
  let domain: Opened;
  let tenants: readonly string[];
  beforeEach(async () => {
    domain = await openDomain();
    tenants = [domain.organizationId, domain.otherId, serviceTenant];
  });
  afterEach(() => domain.dispose());

  const at = (daysAgo: number): Date => new Date(Date.now() - daysAgo * 86_400_000);
  /** A logged request and an event of the same age. @returns their ids */
  const written = async (organizationId: string, daysAgo: number): Promise<readonly [string, string]> => {
    const request = newEntity("req", organizationId, at(daysAgo));
    const event = newEntity("aud", organizationId, at(daysAgo));
    await domain.store.transaction(async (change) => {
      const tenant = change.for(organizationId);
      const asked = { method: "GET", path: "/", status: 200, ip: "192.0.2.1", requestId: "r", durationMs: 1 };
      await tenant.open(requestLog).insert({ ...asked, ...request });
      const done = auditEventOf(organizationId, operator, "success", { action: "test" });
      await tenant.open(auditEvents).insert({ ...done, ...event });
    });
    return [request.id, event.id];
  };
  const requests = async (organizationId: string): Promise<readonly string[]> =>
    (await domain.store.for(organizationId).open(requestLog).list({ limit: 1000 })).items.map(({ id }) => id);
  const events = async (organizationId: string): Promise<readonly string[]> =>
    (await domain.audit(organizationId, "test")).map(({ id }) => id);

  it("keeps logged requests for 30 days, of every organisation and of none, and audit events for ever", async () => {
    for (const tenant of tenants) {
      const old = [await written(tenant, 400), await written(tenant, 30.01)];
      const young = [await written(tenant, 29.99), await written(tenant, 0)];
      await new Retention(domain.store).flush();
      expect(await requests(tenant)).to.have.members(young.map(([request]) => request));
      expect(await events(tenant)).to.have.members([...old, ...young].map(([, event]) => event));
    }
  });

  it("removes audit events that are older than was set, and nothing younger", async () => {
    const young: string[] = [];
    for (const tenant of tenants) {
      await written(tenant, 400);
      await written(tenant, 90.01);
      young.push((await written(tenant, 89.99))[1], (await written(tenant, 0))[1]);
    }
    await new Retention(domain.store, 90).flush();
    expect((await Promise.all(tenants.map(events))).flat()).to.have.members(young);
    expect(await domain.audit(domain.organizationId, "organization.create")).to.have.length(1);
  });

  it("removes more than one transaction takes", async () => {
    for (let count = 0; count < 250; count++) await written(domain.organizationId, 31);
    await new Retention(domain.store).flush();
    expect(await requests(domain.organizationId)).to.deep.equal([]);
  });

  it("looks once an hour", async () => {
    const retention = new Retention(domain.store);
    await retention.flush();
    const [request] = await written(domain.organizationId, 31);
    await retention.flush();
    expect(await requests(domain.organizationId)).to.deep.equal([request]);
  });
});
