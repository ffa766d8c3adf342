import { expect } from "chai";
import { operatorActor, toAuditEvent } from "../../../src/domain/audit/record.ts";
import { Retention } from "../../../src/domain/audit/retention.ts";
import { newEntity } from "../../../src/domain/entity.ts";
import {
  auditEvents,
  consoleSessions,
  consoleSubmissions,
  requestLog,
  serviceTenant,
} from "../../../src/store/collections.ts";
import { type DomainTestContext, openDomain } from "../domain.fixture.ts";

describe("Retention", () => {
  let domain: DomainTestContext;
  let tenants: readonly string[];
  beforeEach(async () => {
    domain = await openDomain();
    tenants = [domain.organizationId, domain.otherId, serviceTenant];
  });
  afterEach(() => domain.dispose());

  const daysBefore = (daysAgo: number): Date => new Date(Date.now() - daysAgo * 86_400_000);
  /** Inserts a logged request and an audit event of the same age. @returns their ids */
  const insertEntries = async (organizationId: string, daysAgo: number): Promise<readonly [string, string]> => {
    const request = newEntity("req", organizationId, daysBefore(daysAgo));
    const event = newEntity("aud", organizationId, daysBefore(daysAgo));
    await domain.store.transaction(async (transaction) => {
      const tenant = transaction.for(organizationId);
      const requestContent = { method: "GET", path: "/", status: 200, ip: "192.0.2.1", requestId: "r", durationMs: 1 };
      await tenant.open(requestLog).insert({ ...requestContent, ...request });
      const eventContent = toAuditEvent(organizationId, operatorActor, "success", { action: "webhook.test" });
      await tenant.open(auditEvents).insert({ ...eventContent, ...event });
    });
    return [request.id, event.id];
  };
  const listRequests = async (organizationId: string): Promise<readonly string[]> =>
    (await domain.store.for(organizationId).open(requestLog).list({ limit: 1000 })).items.map(({ id }) => id);
  const listEvents = async (organizationId: string): Promise<readonly string[]> =>
    (await domain.listAuditEvents(organizationId, "webhook.test")).map(({ id }) => id);

  it("keeps logged requests of every tenant for 30 days, and audit events indefinitely by default", async () => {
    for (const tenant of tenants) {
      const expired = [await insertEntries(tenant, 400), await insertEntries(tenant, 30.01)];
      const recent = [await insertEntries(tenant, 29.99), await insertEntries(tenant, 0)];
      await new Retention(domain.store).flush();
      expect(await listRequests(tenant)).to.have.members(recent.map(([request]) => request));
      expect(await listEvents(tenant)).to.have.members([...expired, ...recent].map(([, event]) => event));
    }
  });

  it("removes audit events older than the configured retention period, and no others", async () => {
    const recent: string[] = [];
    for (const tenant of tenants) {
      await insertEntries(tenant, 400);
      await insertEntries(tenant, 90.01);
      recent.push((await insertEntries(tenant, 89.99))[1], (await insertEntries(tenant, 0))[1]);
    }
    await new Retention(domain.store, 90).flush();
    expect((await Promise.all(tenants.map(listEvents))).flat()).to.have.members(recent);
    expect(await domain.listAuditEvents(domain.organizationId, "organization.create")).to.have.length(1);
  });

  it("removes more entries than fit into one transaction", async () => {
    for (let count = 0; count < 250; count++) await insertEntries(domain.organizationId, 31);
    await new Retention(domain.store).flush();
    expect(await listRequests(domain.organizationId)).to.deep.equal([]);
  });

  it("stops after the current batch if its time is over, and continues there in the next flush", async () => {
    for (let count = 0; count < 250; count++) await insertEntries(domain.organizationId, 31);
    await insertEntries(domain.otherId, 31);
    const retention = new Retention(domain.store);
    const isOver = (): boolean => true;
    const left: number[] = [];
    for (let flush = 0; flush < 5; flush++) {
      await retention.flush(isOver);
      left.push((await listRequests(domain.organizationId)).length);
    }
    expect(left).to.deep.equal([150, 50, 0, 0, 0]);
    await retention.flush(isOver);
    expect(await listRequests(domain.otherId)).to.deep.equal([]);
  });

  it("sweeps at most once an hour", async () => {
    const retention = new Retention(domain.store);
    await retention.flush();
    const [request] = await insertEntries(domain.organizationId, 31);
    await retention.flush();
    expect(await listRequests(domain.organizationId)).to.deep.equal([request]);
  });

  it("removes sessions and submitted forms of the console after a day", async () => {
    const { organizationId, store } = domain;
    const add = async (daysAgo: number): Promise<readonly string[]> => {
      const session = newEntity("ses", organizationId, daysBefore(daysAgo));
      const submission = newEntity("sub", organizationId, daysBefore(daysAgo));
      await store.transaction(async (transaction) => {
        const tenant = transaction.for(organizationId);
        await tenant.open(consoleSessions).insert({ ...session, idHash: session.id, lastUsedAt: session.createdAt });
        await tenant.open(consoleSubmissions).insert(submission);
      });
      return [session.id, submission.id];
    };
    await add(1.01);
    const recent = await add(0.99);
    await new Retention(store).flush();
    const remaining = await Promise.all(
      [consoleSessions, consoleSubmissions].map(
        async (collection) => (await store.for(organizationId).open(collection).list({ limit: 10 })).items[0]?.id,
      ),
    );
    expect(remaining).to.deep.equal(recent);
  });
});
