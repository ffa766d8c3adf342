import { expect } from "chai";
import type { Token } from "../../../../schemas/token.ts";
import { operatorActor } from "../../../../src/domain/audit/record.ts";
import { TokenSignals } from "../../../../src/domain/tokens/usage/signals.ts";
import { type DomainTestContext, expectRejection, openDomain, simulateOutage } from "../../domain.fixture.ts";

describe("TokenSignals", () => {
  let domain: DomainTestContext;
  let signals: TokenSignals;
  let token: Token;
  let now: number;
  beforeEach(async () => {
    domain = await openDomain();
    now = 1_000_000;
    signals = new TokenSignals(domain.store, () => now);
    const input = { name: "ci", scopes: ["all"] } as const;
    ({ token } = await domain.tokens.create(domain.organizationId, operatorActor, input));
  });
  afterEach(() => domain.dispose());

  const from = (ip: string) => ({ ip, requestId: `from ${ip}` });
  /** Records uses as the verifier does, with the token as it is currently stored. */
  const use = async (...ips: string[]): Promise<void> => {
    const stored = await domain.readStoredToken(token.id);
    for (const ip of ips) signals.record(stored, undefined, from(ip));
  };
  const listEvents = async (action: string) => domain.listAuditEvents(domain.organizationId, action);
  const newIps = async () => (await listEvents("token.new_ip")).map(({ ip }) => ip);

  describe("token.new_ip", () => {
    it("reports each new network of a token once, except the first", async () => {
      await use("192.0.2.1", "192.0.2.1");
      await signals.flush();
      expect(await newIps()).to.deep.equal([]);
      await use("192.0.2.1", "203.0.113.9", "203.0.113.9");
      await signals.flush();
      await use("203.0.113.9");
      await signals.flush();
      expect(await newIps()).to.deep.equal(["203.0.113.9"]);
      const [event] = await listEvents("token.new_ip");
      expect(event).to.deep.include({
        outcome: "success",
        actor: { type: "token", id: token.id, name: "ci" },
        target: { type: "token", id: token.id },
        requestId: "from 203.0.113.9",
        details: { network: "203.0.113.9" },
      });
    });

    it("treats an IPv6 /64 as one network and an IPv4-mapped address as IPv4", async () => {
      await use("2001:db8::1");
      await signals.flush();
      await use("2001:db8::ffff", "2001:db8:0:1::1", "::ffff:192.0.2.1", "192.0.2.1");
      await signals.flush();
      const networks = (await listEvents("token.new_ip")).map(({ details }) => details?.["network"]);
      expect(networks).to.have.members(["2001:db8:0:1::/64", "192.0.2.1"]);
    });

    it("changes neither the version nor updatedAt of the token, and audit events omit the networks", async () => {
      await use("192.0.2.1");
      await signals.flush();
      const { networks, ...stored } = await domain.readStoredToken(token.id);
      expect(stored).to.deep.equal(token);
      expect(networks).to.deep.equal(["192.0.2.1"]);
      await domain.tokens.revoke(domain.organizationId, operatorActor, token.id);
      expect((await listEvents("token.revoke"))[0]?.before).to.not.have.property("networks");
    });

    it("stores fifty networks, at most twenty per flush, and reports none after the last", async () => {
      const many = Array.from({ length: 90 }, (_, at) => `198.51.100.${at}`);
      for (let from = 0; from < many.length; from += 30) {
        await use(...many.slice(from, from + 30));
        await signals.flush();
      }
      const stored = await domain.readStoredToken(token.id);
      expect(stored.networks).to.have.length(50);
      const events = await listEvents("token.new_ip");
      expect(events).to.have.length(49);
      expect(events.map(({ details }) => details?.["isLast"])).to.deep.equal([...Array(48).fill(undefined), true]);
      // Also if a request has read the token before the last network was stored.
      for (const ip of many) signals.record({ ...stored, networks: [] }, undefined, from(ip));
      await signals.flush();
      for (let round = 0; round < 3; round++) {
        await use(...many);
        await signals.flush();
      }
      expect(await newIps()).to.have.length(49);
      expect(await domain.readStoredToken(token.id)).to.deep.equal(stored);
    });

    it("reports nothing for short-lived access tokens, which have no usual network", async () => {
      await domain.patchToken(token.id, { origin: "oauth" });
      for (const ip of ["192.0.2.1", "192.0.2.2"]) {
        await use(ip);
        await signals.flush();
      }
      expect(await newIps()).to.deep.equal([]);
    });

    it("retries failed writes in the next flush", async () => {
      await use("192.0.2.1");
      await signals.flush();
      await use("192.0.2.2");
      const restore = await simulateOutage(domain);
      await expectRejection(signals.flush(), "unavailable");
      await restore();
      await signals.flush();
      expect(await newIps()).to.deep.equal(["192.0.2.2"]);
    });
  });

  describe("token.repeated_failures", () => {
    const fail = (count: number): void => {
      for (let at = 0; at < count; at++) signals.record(token, "disabled", from("192.0.2.1"));
    };

    it("reports ten rejections within ten minutes once, with the cause", async () => {
      fail(9);
      await signals.flush();
      expect(await listEvents("token.repeated_failures")).to.have.length(0);
      fail(1);
      await signals.flush();
      fail(100);
      await signals.flush();
      const events = await listEvents("token.repeated_failures");
      expect(events.map(({ details, outcome, target }) => ({ details, outcome, target }))).to.deep.equal([
        {
          details: { cause: "disabled", count: 10, seconds: 600 },
          outcome: "refused",
          target: { type: "token", id: token.id },
        },
      ]);
    });

    it("restarts the count after ten minutes", async () => {
      fail(9);
      now += 600_000;
      fail(9);
      await signals.flush();
      expect(await listEvents("token.repeated_failures")).to.have.length(0);
      fail(1);
      now += 600_000;
      fail(10);
      await signals.flush();
      await signals.flush();
      expect(await listEvents("token.repeated_failures")).to.have.length(1);
    });
  });

  it("reports nothing for a token that was removed in the meantime", async () => {
    signals.record({ ...token, id: "tok_gone" }, undefined, from("192.0.2.1"));
    await signals.flush();
    expect(await newIps()).to.deep.equal([]);
  });
});
