import { expect } from "chai";
import { AuditLogReader } from "../../../src/domain/audit/audit-log-reader.ts";
import { renderLogEntry } from "../../../src/domain/audit/log-entry.ts";
import { Retention } from "../../../src/domain/audit/retention.ts";
import { newId } from "../../../src/domain/entity.ts";
import { AddressGuard } from "../../../src/domain/outbound/address-guard.ts";
import { GuardedHttp } from "../../../src/domain/outbound/guarded-http.ts";
import { claimDelivery, toDeliveryId, writeProgress } from "../../../src/domain/webhooks/delivery-lease.ts";
import { WebhookSender } from "../../../src/domain/webhooks/webhook-sender.ts";
import { describeOnEngines } from "../../store/engines.fixture.ts";
import { trackSecret } from "../../support/secrets.ts";
import { listSigningSecrets, startWebhookReceiver } from "../../support/webhook-receiver.ts";
import { drainUntil, openWebhooks, patchDelivery, type WebhookTestContext } from "./webhooks.fixture.ts";

const dayMs = 86_400_000;

describeOnEngines("Deliveries of webhooks", (open) => {
  let context: WebhookTestContext;
  beforeEach(async () => {
    context = await openWebhooks(open);
  });
  afterEach(() => context.dispose());

  const readStatus = async (id: string) => {
    const { webhooks, caller } = context;
    const webhook = await webhooks.get(caller.organizationId, id);
    if (!webhook) throw new Error("the webhook does not exist");
    return { ...webhook, delivery: (await webhooks.describe([webhook])).get(id) };
  };
  const ids = (): readonly unknown[] => context.receiver.messages.map(({ headers }) => headers["webhook-id"]);

  it("send each event once and in order, signed, with the event as the audit log shows it", async () => {
    const { record, receiver, createWebhook, startDeliveries, testStore, caller } = context;
    const { id, secret } = await createWebhook();
    const deliveries = startDeliveries();
    const recorded = [await record("user.create"), await record("user.update"), await record("user.delete")];
    await deliveries.drain();
    await deliveries.drain();
    expect(ids()).to.deep.equal(recorded);
    const [message] = receiver.messages;
    if (!message) throw new Error("no message arrived");
    const event = await new AuditLogReader(testStore.store).get(caller.organizationId, recorded[0] ?? "");
    const data = JSON.parse(JSON.stringify(event && renderLogEntry(event)));
    expect(message.body).to.deep.equal({ type: "user.create", timestamp: event?.createdAt, data });
    expect(message.method).to.equal("POST");
    expect(message.headers["content-type"]).to.equal("application/json");
    expect(Math.abs(Number(message.headers["webhook-timestamp"]) - Date.now() / 1000)).to.be.lessThan(60);
    expect(listSigningSecrets(message, [secret, "whsec_AAAA"])).to.deep.equal([secret]);
    const { delivery } = await readStatus(id);
    expect(delivery).to.include({ lastFailure: null, failingSince: null, pendingSince: null });
    expect(delivery?.lastSuccessAt).to.be.a("string");
  });

  it("send no event of another organization and none from before the webhook", async () => {
    const { record, createWebhook, startDeliveries, otherCaller } = context;
    await record("user.create");
    await createWebhook();
    await record("user.create", { caller: otherCaller });
    const own = await record("user.create");
    await startDeliveries().drain();
    expect(ids()).to.deep.equal([own]);
  });

  it("select events by exact actions, by their beginning, or all", async () => {
    const { record, receiver, createWebhook, startDeliveries } = context;
    await createWebhook({ slug: "some", actions: ["group.delete", "user.*"] });
    for (const action of ["group.create", "group.delete", "user.update", "token.create"] as const) await record(action);
    const deliveries = startDeliveries();
    await deliveries.drain();
    expect(receiver.actions()).to.deep.equal(["group.delete", "user.update"]);
    await createWebhook({ slug: "all", actions: ["*"] });
    await deliveries.drain();
    expect(receiver.actions().slice(2)).to.deep.equal(["webhook.create"]);
  });

  it("repeat a failed event before the ones that follow it, and show the failure until then", async () => {
    const { record, receiver, createWebhook, startDeliveries } = context;
    const { id } = await createWebhook();
    const [first, second] = [await record("user.create"), await record("user.update")];
    receiver.respond = (res) => void res.writeHead(500).end("details of the receiver");
    const deliveries = startDeliveries();
    await deliveries.drain();
    const { delivery } = await readStatus(id);
    expect(delivery?.lastFailure).to.include({
      status: 500,
      reason: "The receiver responded with the HTTP status 500.",
    });
    expect(delivery?.pendingSince).to.be.a("string");
    expect(delivery?.nextAttemptAt).to.be.a("string");
    receiver.respond = (res) => void res.writeHead(200).end("ok");
    await drainUntil(deliveries, () => ids().includes(second));
    expect(ids().slice(0, 2)).to.deep.equal([first, first]);
    expect(ids().slice(-2)).to.deep.equal([first, second]);
    await drainUntil(deliveries, async () => (await readStatus(id)).delivery?.failingSince === null);
    expect((await readStatus(id)).delivery).to.include({ pendingSince: null, nextAttemptAt: null });
  });

  it("fail for a receiver that does not respond, and follow no redirect", async () => {
    const { record, receiver, createWebhook, startDeliveries } = context;
    const { id } = await createWebhook();
    await record("user.create");
    receiver.respond = () => undefined;
    const deliveries = startDeliveries({ timeoutMs: 50 });
    await deliveries.drain();
    expect((await readStatus(id)).delivery?.lastFailure?.reason).to.equal(
      "The receiver did not respond within 0.05 seconds.",
    );
    const other = await startWebhookReceiver();
    receiver.respond = (res) => void res.writeHead(307, { location: other.url }).end();
    await drainUntil(deliveries, async () => (await readStatus(id)).delivery?.lastFailure?.status === 307);
    expect(other.messages).to.deep.equal([]);
    await other.close();
  });

  it("reach no address that is not allowed, even if the webhook was created when it was", async () => {
    const { record, receiver, createWebhook, startDeliveries } = context;
    const { id } = await createWebhook();
    await record("user.create");
    const http = new GuardedHttp(new AddressGuard({ allowedRanges: ["192.0.2.1"] }), { keepAlive: false });
    await startDeliveries({ sender: new WebhookSender(http) }).drain();
    expect(receiver.messages).to.deep.equal([]);
    expect((await readStatus(id)).delivery?.lastFailure?.reason).to.match(/not allowed.*UPSTREAM_ALLOW/);
  });

  it("disable a webhook whose receiver responds with 410, and record that", async () => {
    const { record, receiver, createWebhook, startDeliveries, testStore, caller, webhooks } = context;
    const { id } = await createWebhook();
    await record("user.create");
    receiver.respond = (res) => void res.writeHead(410).end();
    const deliveries = startDeliveries();
    await deliveries.drain();
    expect(await readStatus(id)).to.include({ enabled: false, disabledReason: "gone" });
    const reader = new AuditLogReader(testStore.store);
    const { items } = await reader.list(caller.organizationId, { action: "webhook.disable" }, { limit: 10 });
    expect(items).to.have.length(1);
    expect(items[0]).to.deep.include({ actor: { type: "service" }, target: { type: "webhook", id } });
    expect(items[0]?.details).to.include({ reason: "gone" });
    await record("user.update");
    await deliveries.drain();
    expect(receiver.messages).to.have.length(1);
    // It continues where it stopped.
    receiver.respond = (res) => void res.writeHead(204).end();
    await webhooks.update(caller, id, {}, (content) => ({ ...content, enabled: true }));
    await deliveries.drain();
    expect(receiver.actions()).to.deep.equal(["user.create", "user.create", "user.update"]);
    expect(await readStatus(id)).to.not.have.property("disabledReason");
  });

  it("disable a webhook that has failed for five days, and not before", async () => {
    const { record, receiver, createWebhook, startDeliveries, testStore } = context;
    const { id } = await createWebhook();
    await record("user.create");
    receiver.respond = (res) => void res.writeHead(503).end();
    const deliveries = startDeliveries();
    const failSince = async (failingMs: number): Promise<void> => {
      const failingSince = new Date(Date.now() - failingMs).toISOString();
      await patchDelivery(testStore.store, id, { failingSince, notBefore: "2020-01-01T00:00:00.000Z" });
      await deliveries.drain();
    };
    await failSince(4.9 * dayMs);
    expect(await readStatus(id)).to.include({ enabled: true });
    await failSince(5.1 * dayMs);
    expect(await readStatus(id)).to.include({ enabled: false, disabledReason: "failing" });
  });

  it("send an event that is committed after later ones, once", async () => {
    const { record, createWebhook, startDeliveries, testStore } = context;
    const { id } = await createWebhook();
    const past = (ms: number): Date => new Date(Date.now() - ms);
    await patchDelivery(testStore.store, id, { cursor: "aud_0" });
    const deliveries = startDeliveries();
    const later = await record("user.update", { at: past(10_000) });
    await deliveries.drain();
    const early = await record("user.create", { at: past(60_000) });
    await deliveries.drain();
    await deliveries.drain();
    expect(ids()).to.deep.equal([later, early]);
  });

  it("wait with later events while 2,000 sent ones are less than 90 seconds old", async () => {
    const { record, createWebhook, startDeliveries, testStore } = context;
    const { id } = await createWebhook();
    const cursor = newId("aud", new Date(Date.now() - 200_000));
    const rememberFrom = async (ageMs: number): Promise<void> => {
      const sentIds = Array.from({ length: 2000 }, () => newId("aud", new Date(Date.now() - ageMs)));
      await patchDelivery(testStore.store, id, { cursor, sentIds });
    };
    const recorded = await record("user.create");
    const deliveries = startDeliveries();
    await rememberFrom(30_000);
    await deliveries.drain();
    expect(ids()).to.deep.equal([]);
    await rememberFrom(100_000);
    await deliveries.drain();
    expect(ids()).to.deep.equal([recorded]);
  });

  it("send a long backlog, and what follows it, in order and once", async () => {
    const { record, createWebhook, startDeliveries, testStore } = context;
    const { id } = await createWebhook();
    await patchDelivery(testStore.store, id, { cursor: "aud_0" });
    const expected: string[] = [];
    for (let at = 0; at < 120; at++) {
      const time = new Date(Date.now() - 3_600_000 + at * 30_000);
      if (at % 2 === 0) expected.push(await record("user.create", { at: time }));
      else await record("token.create", { at: time });
    }
    const deliveries = startDeliveries();
    await deliveries.drain();
    await deliveries.drain();
    expect(ids()).to.deep.equal(expected);
  });

  it("continue after the events that the retention has removed", async () => {
    const { record, createWebhook, startDeliveries, testStore } = context;
    const { id } = await createWebhook();
    await patchDelivery(testStore.store, id, { cursor: "aud_0" });
    await record("user.create", { at: new Date(Date.now() - 3 * dayMs) });
    const kept = await record("user.update", { at: new Date(Date.now() - 0.5 * dayMs) });
    await new Retention(testStore.store, 1).flush();
    await startDeliveries().drain();
    expect(ids()).to.deep.equal([kept]);
  });

  it("continue after a restart, without a repetition", async () => {
    const { record, createWebhook, startDeliveries } = context;
    await createWebhook();
    const first = await record("user.create");
    const deliveries = startDeliveries();
    await deliveries.drain();
    await deliveries.close();
    const second = await record("user.update");
    await startDeliveries().drain();
    expect(ids()).to.deep.equal([first, second]);
  });

  it("of several processes send each event once", async () => {
    const { record, createWebhook, startDeliveries, testStore } = context;
    await createWebhook();
    const second = await testStore.openSecond?.();
    const processes = [startDeliveries(), startDeliveries(second && { store: second })];
    const recorded: string[] = [];
    for (let round = 0; round < 10; round++) {
      for (let at = 0; at < 5; at++) recorded.push(await record("user.update"));
      await Promise.all(processes.map((each) => each.drain()));
    }
    await drainUntil(processes[0] as (typeof processes)[0], () => ids().length >= recorded.length);
    expect(ids()).to.deep.equal(recorded);
    await Promise.all(processes.map((each) => each.close()));
    await second?.close();
  });

  it("leave the events to the process that holds the lease, until its lease ends; its writes are rejected then", async () => {
    const { record, receiver, createWebhook, startDeliveries, testStore } = context;
    const { id } = await createWebhook();
    await record("user.create");
    const { store } = testStore;
    const deliveryId = toDeliveryId(id);
    expect(await claimDelivery(store, deliveryId, "suspended", Date.now())).to.be.an("object");
    expect(await claimDelivery(store, deliveryId, "other", Date.now())).to.equal("busy");
    await startDeliveries().drain();
    expect(receiver.messages).to.deep.equal([]);
    await startDeliveries({ now: () => Date.now() + 61_000 }).drain();
    expect(receiver.messages).to.have.length(1);
    const change = writeProgress(store, deliveryId, "suspended", (state) => state, "keep", Date.now());
    expect(await change).to.equal(false);
  });

  it("sign with both secrets after a rotation, until the grace period is over", async () => {
    const { record, receiver, createWebhook, startDeliveries, webhooks, caller } = context;
    const { id, secret } = await createWebhook();
    const rotated = await webhooks.rotate(caller, id, {}, 3600);
    await record("user.create");
    await startDeliveries().drain();
    await record("user.update");
    await startDeliveries({ now: () => Date.now() + 3_700_000 }).drain();
    const secrets = [trackSecret(rotated.secret), secret];
    expect(receiver.messages.map((each) => listSigningSecrets(each, secrets))).to.deep.equal([
      secrets,
      [rotated.secret],
    ]);
  });

  it("stop at once when the webhook is disabled or removed", async () => {
    const { record, receiver, createWebhook, startDeliveries, webhooks, caller } = context;
    const { id } = await createWebhook();
    for (let at = 0; at < 3; at++) await record("user.update");
    receiver.respond = async (res) => {
      await webhooks.remove(caller, id, {});
      res.writeHead(204).end();
    };
    await startDeliveries().drain();
    expect(receiver.messages).to.have.length(1);
    expect(await webhooks.get(caller.organizationId, id)).to.equal(undefined);
  });
});
