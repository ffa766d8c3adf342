import { expect } from "chai";
import { ActivityCounter } from "../../../src/domain/activity/activity-counter.ts";
import { ActivityReader } from "../../../src/domain/activity/activity-reader.ts";
import { Retention } from "../../../src/domain/audit/retention.ts";
import { newEntity } from "../../../src/domain/entity.ts";
import { activityHours, collections, organizations, serviceTenant } from "../../../src/store/collections.ts";
import { describeOnEngines } from "../../store/engines.fixture.ts";
import type { TestStore } from "../../store/test-store.fixture.ts";
import { expectRejection, openDomain, simulateOutage } from "../domain.fixture.ts";

const hourMs = 3_600_000;
/** In the middle of an hour. */
const now = Date.UTC(2026, 10, 30, 12, 30);

describeOnEngines("The activity of an organization by hour", (open) => {
  let opened: TestStore;
  let organizationId: string;
  let otherId: string;
  beforeEach(async () => {
    opened = await open({ collections });
    [organizationId, otherId] = (await Promise.all(
      ["one", "other"].map(async (slug) => {
        const organization = { ...newEntity("org", serviceTenant), slug, name: slug };
        await opened.store.transaction((tx) => tx.for(serviceTenant).open(organizations).insert(organization));
        return organization.id;
      }),
    )) as [string, string];
  });
  afterEach(() => opened.dispose());

  it("adds up what several replicas count at the same time, by organization", async () => {
    const replicas = Array.from({ length: 4 }, () => new ActivityCounter(opened.store, () => now));
    for (let round = 0; round < 3; round++) {
      for (const replica of replicas) {
        replica.recordRequest(organizationId, false);
        replica.recordRequest(organizationId, true);
        replica.recordToolCall(organizationId);
        replica.recordRequest(otherId, false);
      }
      await Promise.all(replicas.map((replica) => replica.flush()));
    }
    const reader = new ActivityReader(opened.store);
    const at = "2026-11-30T12:00:00.000Z";
    expect((await reader.lastHours(organizationId, 1, now))[0]).to.deep.equal({
      ...{ at, requests: 24, rejections: 12, toolCalls: 12 },
    });
    expect((await reader.lastHours(otherId, 1, now))[0]).to.deep.equal({
      ...{ at, requests: 12, rejections: 0, toolCalls: 0 },
    });
    expect(replicas[0]?.bufferState).to.include({ size: 0, droppedCount: 0 });
  });

  it("keeps the last use of AUTH_SECRET by several replicas, by organization", async () => {
    let time = now - hourMs;
    const replicas = [1, 2].map(() => new ActivityCounter(opened.store, () => time));
    for (const [index, replica] of [...replicas, ...replicas].entries()) {
      time += hourMs / 4;
      replica.recordAuthSecretUse(organizationId, `192.0.2.${index}`);
    }
    for (const replica of replicas.toReversed()) await replica.flush();
    const reader = new ActivityReader(opened.store);
    expect(await reader.lastAuthSecretUse(organizationId, now)).to.deep.equal({
      ...{ at: new Date(now).toISOString(), ip: "192.0.2.3" },
    });
    expect(await reader.lastAuthSecretUse(otherId, now)).to.equal(undefined);
    expect((await reader.lastHours(organizationId, 1, now))[0]).to.include({ requests: 0 });
    replicas[0]?.recordRequest(organizationId, false);
    await replicas[0]?.flush();
    expect((await reader.lastAuthSecretUse(organizationId, now))?.ip).to.equal("192.0.2.3");
  });

  it("returns each hour once and in order, with zeros where nothing happened", async () => {
    let time = now - 30 * hourMs;
    const counter = new ActivityCounter(opened.store, () => time);
    for (const hours of [30, 23, 2, 0]) {
      time = now - hours * hourMs;
      counter.recordRequest(organizationId, false);
    }
    await counter.flush();
    const hours = await new ActivityReader(opened.store).lastHours(organizationId, 24, now);
    expect(hours.map(({ requests }) => requests)).to.deep.equal([1, ...Array(20).fill(0), 1, 0, 1]);
    expect(hours[0]?.at).to.equal("2026-11-29T13:00:00.000Z");
    expect(hours.at(-1)?.at).to.equal("2026-11-30T12:00:00.000Z");
  });

  it("removes hours that are older than 14 days", async () => {
    const dayMs = 24 * hourMs;
    for (const days of [15, 13]) {
      const counter = new ActivityCounter(opened.store, () => Date.now() - days * dayMs);
      counter.recordRequest(organizationId, false);
      await counter.flush();
    }
    await new Retention(opened.store).flush();
    const { items } = await opened.store.for(organizationId).open(activityHours).list({ limit: 10 });
    expect(items.map(({ createdAt }) => createdAt.slice(0, 10))).to.deep.equal([
      new Date(Date.now() - 13 * dayMs).toISOString().slice(0, 10),
    ]);
  });
});

describe("The activity of an organization during an outage", () => {
  it("stays in memory, and is written once when the store is back", async () => {
    const domain = await openDomain();
    const counter = new ActivityCounter(domain.store, () => now);
    counter.recordRequest(domain.organizationId, false);
    const restore = await simulateOutage(domain);
    await expectRejection(counter.flush(), "unavailable");
    counter.recordRequest(domain.organizationId, true);
    await restore();
    await counter.flush();
    const [hour] = await new ActivityReader(domain.store).lastHours(domain.organizationId, 1, now);
    expect(hour).to.include({ requests: 2, rejections: 1 });
    await domain.dispose();
  });
});
