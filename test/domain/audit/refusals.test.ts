import { expect } from "chai";
import { type Refusal, Refusals } from "../../../src/domain/audit/refusals.ts";
import { serviceTenant } from "../../../src/store/collections.ts";
import { type Opened, openDomain, refusalOf, takeAway } from "../opened.ts";

describe("Refusals", () => {
  let domain: Opened;
  let refusals: Refusals;
  beforeEach(async () => {
    domain = await openDomain();
    refusals = new Refusals(domain.store);
  });
  afterEach(() => domain.dispose());

  const stranger: Refusal = { cause: "unknown", ip: "192.0.2.1", requestId: "r-1" };
  const known = (more: Partial<Refusal> = {}): Refusal => ({
    ...{ organizationId: domain.organizationId, actor: { type: "token", id: "tok_1", name: "ci" } },
    ...{ cause: "revoked", ip: "192.0.2.1", requestId: "r-1", ...more },
  });
  const events = (organizationId: string) => domain.audit(organizationId, "authentication.refused");
  const total = (all: Awaited<ReturnType<typeof events>>) =>
    all.reduce((sum, { details }) => sum + Number(details?.["count"]), 0);

  it("writes nothing on a request's way, and nothing at a flush when there was none", async () => {
    await refusals.flush();
    refusals.note(stranger);
    expect(await events(serviceTenant)).to.deep.equal([]);
  });

  it("makes one event of alike ones, with their number and the first one's request", async () => {
    for (let at = 1; at <= 7; at++) refusals.note(known({ requestId: `r-${at}` }));
    await refusals.flush();
    await refusals.flush();
    const [event, ...more] = await events(domain.organizationId);
    expect(more).to.deep.equal([]);
    expect(event).to.deep.include({
      ...{ action: "authentication.refused", outcome: "refused", ip: "192.0.2.1", requestId: "r-1" },
      ...{ actor: { type: "token", id: "tok_1", name: "ci" }, details: { cause: "revoked", count: 7 } },
    });
  });

  it("tells apart the token, the cause and the address", async () => {
    refusals.note(known());
    refusals.note(known({ cause: "expired" }));
    refusals.note(known({ ip: "192.0.2.2" }));
    refusals.note(known({ actor: { type: "token", id: "tok_2" } }));
    await refusals.flush();
    expect((await events(domain.organizationId)).map(({ details }) => details?.["count"])).to.deep.equal([1, 1, 1, 1]);
  });

  it("keeps a credential that belongs to nobody in the service's own tenant, where no organisation sees it", async () => {
    refusals.note(stranger);
    await refusals.flush();
    expect(await events(domain.organizationId)).to.deep.equal([]);
    expect(await events(domain.otherId)).to.deep.equal([]);
    const [event] = await events(serviceTenant);
    expect(event).to.deep.include({ actor: { type: "token" }, details: { cause: "unknown", count: 1 } });
  });

  it("writes a bounded number of events, and still counts every refusal", async () => {
    for (let at = 0; at < 1000; at++) refusals.note({ ...stranger, ip: `2001:db8::${at.toString(16)}` });
    await refusals.flush();
    const all = await events(serviceTenant);
    expect(all).to.have.length(201);
    expect(total(all)).to.equal(1000);
    expect(all.find(({ ip }) => ip === "many")?.details).to.include({ count: 800 });
  });

  it("does not let strangers' guesses hide what an organisation's tokens do", async () => {
    for (let at = 0; at < 1000; at++) refusals.note({ ...stranger, ip: `2001:db8::${at.toString(16)}` });
    refusals.note(known());
    await refusals.flush();
    const [event] = await events(domain.organizationId);
    expect(event).to.deep.include({ ip: "192.0.2.1", details: { cause: "revoked", count: 1 } });
  });

  it("counts what is beyond an organisation's bound for that organisation", async () => {
    for (let at = 0; at < 300; at++) refusals.note(known({ ip: `2001:db8::${at.toString(16)}` }));
    await refusals.flush();
    expect(total(await events(domain.organizationId))).to.equal(300);
    expect(await events(serviceTenant)).to.deep.equal([]);
  });

  it("keeps what cannot be written, bounded, for the next flush", async () => {
    const bringBack = await takeAway(domain);
    for (let at = 0; at < 150; at++) refusals.note({ ...stranger, ip: `a${at}` });
    refusals.note(known());
    await refusalOf(refusals.flush(), "unavailable");
    for (let at = 0; at < 150; at++) refusals.note({ ...stranger, ip: `b${at}` });
    refusals.note(known());
    await refusalOf(refusals.flush(), "unavailable");
    await bringBack();
    await refusals.flush();
    await refusals.flush();
    const strangers = await events(serviceTenant);
    expect(strangers).to.have.length(201);
    expect(total(strangers)).to.equal(300);
    expect((await events(domain.organizationId)).map(({ details }) => details?.["count"])).to.deep.equal([2]);
  });
});
