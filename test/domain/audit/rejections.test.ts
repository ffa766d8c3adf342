import { expect } from "chai";
import { type CredentialRejection, RejectedCredentials } from "../../../src/domain/audit/rejections.ts";
import { auditEvents, serviceTenant } from "../../../src/store/collections.ts";
import { type DomainTestContext, expectRejection, openDomain, simulateOutage } from "../domain.fixture.ts";

describe("Rejected credentials", () => {
  let domain: DomainTestContext;
  let rejections: RejectedCredentials;
  beforeEach(async () => {
    domain = await openDomain();
    rejections = new RejectedCredentials(domain.store);
  });
  afterEach(() => domain.dispose());

  const unknownCredential: CredentialRejection = { cause: "unknown", ip: "192.0.2.1", requestId: "r-1" };
  const knownCredential = (more: Partial<CredentialRejection> = {}): CredentialRejection => ({
    ...{ organizationId: domain.organizationId, actor: { type: "token", id: "tok_1", name: "ci" } },
    ...{ cause: "revoked", ip: "192.0.2.1", requestId: "r-1", ...more },
  });
  const listEvents = (organizationId: string) => domain.listAuditEvents(organizationId, "authentication.refused");
  const sumCounts = (all: Awaited<ReturnType<typeof listEvents>>) =>
    all.reduce((sum, { details }) => sum + Number(details?.["count"]), 0);

  it("writes nothing before a flush, and nothing in a flush without rejections", async () => {
    await rejections.flush();
    rejections.record(unknownCredential);
    expect(await listEvents(serviceTenant)).to.deep.equal([]);
  });

  it("records equal rejections as one event, with their count and the id of the first request", async () => {
    for (let at = 1; at <= 7; at++) rejections.record(knownCredential({ requestId: `r-${at}` }));
    await rejections.flush();
    await rejections.flush();
    const [event, ...more] = await listEvents(domain.organizationId);
    expect(more).to.deep.equal([]);
    expect(event).to.deep.include({
      ...{ action: "authentication.refused", outcome: "refused", ip: "192.0.2.1", requestId: "r-1" },
      ...{ actor: { type: "token", id: "tok_1", name: "ci" }, details: { cause: "revoked", count: 7 } },
    });
  });

  it("records separate events by token, cause and address", async () => {
    rejections.record(knownCredential());
    rejections.record(knownCredential({ cause: "expired" }));
    rejections.record(knownCredential({ ip: "192.0.2.2" }));
    rejections.record(knownCredential({ actor: { type: "token", id: "tok_2" } }));
    await rejections.flush();
    expect((await listEvents(domain.organizationId)).map(({ details }) => details?.["count"])).to.deep.equal([
      1, 1, 1, 1,
    ]);
  });

  it("records unknown credentials in the service tenant, which no organization can read", async () => {
    rejections.record(unknownCredential);
    await rejections.flush();
    expect(await listEvents(domain.organizationId)).to.deep.equal([]);
    expect(await listEvents(domain.otherId)).to.deep.equal([]);
    const [event] = await listEvents(serviceTenant);
    expect(event).to.deep.include({ actor: { type: "token" }, details: { cause: "unknown", count: 1 } });
  });

  it("writes at most 1,000 events in an hour for credentials of no organization, and still counts every rejection", async () => {
    let now = Date.parse("2026-11-29T12:00:00Z");
    const hourly = new RejectedCredentials(domain.store, undefined, () => now);
    const flood = async (flushes: number) => {
      for (let flush = 0; flush < flushes; flush++) {
        for (let at = 0; at < 150; at++)
          hourly.record({ ...unknownCredential, ip: `2001:db8:${flush}::${at.toString(16)}` });
        await hourly.flush();
      }
    };
    await flood(8);
    const open = domain.store.for(serviceTenant).open(auditEvents);
    const events = (await listEvents(serviceTenant)).concat();
    expect(events).to.have.length(1000);
    await flood(1);
    expect(await open.count()).to.equal(1003);
    now += 3_600_000;
    await flood(1);
    expect(await open.count()).to.equal(1153);
  });

  it("writes a line to the log for each rejection, within a limit, and counts the rest", async () => {
    const lines: [string, unknown][] = [];
    const ignore = (): void => {};
    const warn = (message: string, fields?: object): void => void lines.push([message, fields]);
    const logged = new RejectedCredentials(domain.store, { debug: ignore, info: ignore, error: ignore, warn }, () => 0);
    logged.record(knownCredential());
    for (let at = 0; at < 300; at++) logged.record(unknownCredential);
    await logged.flush();
    expect(lines).to.have.length(201);
    expect(lines[0]).to.deep.equal([
      "credential rejected",
      { requestId: "r-1", ip: "192.0.2.1", reason: "revoked", tokenId: "tok_1", organizationId: domain.organizationId },
    ]);
    expect(lines.at(-1)).to.deep.equal(["more credentials rejected", { count: 101 }]);
  });

  it("records no audit event for a request without any credential", async () => {
    rejections.record({ ...unknownCredential, cause: "missing" });
    await rejections.flush();
    expect(await listEvents(serviceTenant)).to.deep.equal([]);
  });

  it("limits the number of events, and still counts every rejection", async () => {
    for (let at = 0; at < 1000; at++) rejections.record({ ...unknownCredential, ip: `2001:db8::${at.toString(16)}` });
    await rejections.flush();
    const events = await listEvents(serviceTenant);
    expect(events).to.have.length(201);
    expect(sumCounts(events)).to.equal(1000);
    expect(events.find(({ ip }) => ip === "many")?.details).to.include({ count: 800 });
  });

  it("does not let unknown credentials displace the events of an organization's tokens", async () => {
    for (let at = 0; at < 1000; at++) rejections.record({ ...unknownCredential, ip: `2001:db8::${at.toString(16)}` });
    rejections.record(knownCredential());
    await rejections.flush();
    const [event] = await listEvents(domain.organizationId);
    expect(event).to.deep.include({ ip: "192.0.2.1", details: { cause: "revoked", count: 1 } });
  });

  it("counts rejections beyond an organization's limit for that organization", async () => {
    for (let at = 0; at < 300; at++) rejections.record(knownCredential({ ip: `2001:db8::${at.toString(16)}` }));
    await rejections.flush();
    expect(sumCounts(await listEvents(domain.organizationId))).to.equal(300);
    expect(await listEvents(serviceTenant)).to.deep.equal([]);
  });

  it("keeps unwritten rejections for the next flush, within the limits", async () => {
    const restore = await simulateOutage(domain);
    for (let at = 0; at < 150; at++) rejections.record({ ...unknownCredential, ip: `a${at}` });
    rejections.record(knownCredential());
    await expectRejection(rejections.flush(), "unavailable");
    for (let at = 0; at < 150; at++) rejections.record({ ...unknownCredential, ip: `b${at}` });
    rejections.record(knownCredential());
    await expectRejection(rejections.flush(), "unavailable");
    await restore();
    await rejections.flush();
    await rejections.flush();
    const unknownEvents = await listEvents(serviceTenant);
    expect(unknownEvents).to.have.length(201);
    expect(sumCounts(unknownEvents)).to.equal(300);
    expect((await listEvents(domain.organizationId)).map(({ details }) => details?.["count"])).to.deep.equal([2]);
  });
});
