import { expect } from "chai";
import type { Token } from "../../../schemas/token.ts";
import { operator } from "../../../src/domain/audit/record.ts";
import { TokenSignals } from "../../../src/domain/tokens/signals.ts";
import { type Opened, openDomain, refusalOf, takeAway } from "../opened.ts";

describe("Signals of a token's use in the audit log", () => {
  let domain: Opened;
  let signals: TokenSignals;
  let token: Token;
  let now: number;
  beforeEach(async () => {
    domain = await openDomain();
    now = 1_000_000;
    signals = new TokenSignals(domain.store, () => now);
    const wanted = { name: "ci", scopes: ["all"] } as const;
    ({ token } = await domain.tokens.create(domain.organizationId, operator, wanted));
  });
  afterEach(() => domain.dispose());

  const from = (ip: string) => ({ ip, requestId: `from ${ip}` });
  /** As the verifier does: with the token as it is stored by then. */
  const use = async (...ips: string[]): Promise<void> => {
    const stored = await domain.stored(token.id);
    for (const ip of ips) signals.note(stored, undefined, from(ip));
  };
  const told = async (action: string) => domain.audit(domain.organizationId, action);
  const newIps = async () => (await told("token.new_ip")).map(({ ip }) => ip);

  describe("token.new_ip", () => {
    it("tells of each network that the token was never used from, once; not of the first", async () => {
      await use("192.0.2.1", "192.0.2.1");
      await signals.flush();
      expect(await newIps()).to.deep.equal([]);
      await use("192.0.2.1", "203.0.113.9", "203.0.113.9");
      await signals.flush();
      await use("203.0.113.9");
      await signals.flush();
      expect(await newIps()).to.deep.equal(["203.0.113.9"]);
      const [event] = await told("token.new_ip");
      expect(event).to.deep.include({
        outcome: "success",
        actor: { type: "token", id: token.id, name: "ci" },
        target: { type: "token", id: token.id },
        requestId: "from 203.0.113.9",
        details: { network: "203.0.113.9" },
      });
    });

    it("takes an IPv6 network for one place, and an IPv4 address in IPv6 form for itself", async () => {
      await use("2001:db8::1");
      await signals.flush();
      await use("2001:db8::ffff", "2001:db8:0:1::1", "::ffff:192.0.2.1", "192.0.2.1");
      await signals.flush();
      const networks = (await told("token.new_ip")).map(({ details }) => details?.["network"]);
      expect(networks).to.have.members(["2001:db8:0:1::/64", "192.0.2.1"]);
    });

    it("changes neither the token's version nor its date, and is no part of what events say of it", async () => {
      await use("192.0.2.1");
      await signals.flush();
      const { networks, ...stored } = await domain.stored(token.id);
      expect(stored).to.deep.equal(token);
      expect(networks).to.deep.equal(["192.0.2.1"]);
      await domain.tokens.revoke(domain.organizationId, operator, token.id);
      expect((await told("token.revoke"))[0]?.before).to.not.have.property("networks");
    });

    it("remembers fifty networks, and tells of twenty at one flush at most", async () => {
      const many = Array.from({ length: 90 }, (_, at) => `198.51.100.${at}`);
      for (let from = 0; from < many.length; from += 30) {
        await use(...many.slice(from, from + 30));
        await signals.flush();
      }
      expect(await newIps()).to.have.length(59);
      expect((await domain.stored(token.id)).networks).to.have.length(50);
    });

    it("says nothing of tokens that live for hours: they have no usual place", async () => {
      await domain.alter(token.id, { origin: "oauth" });
      for (const ip of ["192.0.2.1", "192.0.2.2"]) {
        await use(ip);
        await signals.flush();
      }
      expect(await newIps()).to.deep.equal([]);
    });

    it("keeps what cannot be written, for the next flush", async () => {
      await use("192.0.2.1");
      await signals.flush();
      await use("192.0.2.2");
      const bringBack = await takeAway(domain);
      await refusalOf(signals.flush(), "unavailable");
      await bringBack();
      await signals.flush();
      expect(await newIps()).to.deep.equal(["192.0.2.2"]);
    });
  });

  describe("token.repeated_failures", () => {
    const fail = (count: number): void => {
      for (let at = 0; at < count; at++) signals.note(token, "disabled", from("192.0.2.1"));
    };

    it("tells of ten refusals within ten minutes, once, with the cause", async () => {
      fail(9);
      await signals.flush();
      expect(await told("token.repeated_failures")).to.have.length(0);
      fail(1);
      await signals.flush();
      fail(100);
      await signals.flush();
      const events = await told("token.repeated_failures");
      expect(events.map(({ details, outcome, target }) => ({ details, outcome, target }))).to.deep.equal([
        {
          details: { cause: "disabled", count: 10, seconds: 600 },
          outcome: "refused",
          target: { type: "token", id: token.id },
        },
      ]);
    });

    it("begins anew after ten minutes", async () => {
      fail(9);
      now += 600_000;
      fail(9);
      await signals.flush();
      expect(await told("token.repeated_failures")).to.have.length(0);
      fail(1);
      now += 600_000;
      fail(10);
      await signals.flush();
      await signals.flush();
      expect(await told("token.repeated_failures")).to.have.length(1);
    });
  });

  it("of a token that is gone meanwhile there is nothing to tell", async () => {
    signals.note({ ...token, id: "tok_gone" }, undefined, from("192.0.2.1"));
    await signals.flush();
    expect(await newIps()).to.deep.equal([]);
  });
});
