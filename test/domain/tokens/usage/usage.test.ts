import { expect } from "chai";
import { operatorActor } from "../../../../src/domain/audit/record.ts";
import { TokenUsage } from "../../../../src/domain/tokens/usage/usage.ts";
import {
  createVerifier,
  type DomainTestContext,
  expectRejection,
  openDomain,
  simulateOutage,
} from "../../domain.fixture.ts";

describe("TokenUsage", () => {
  let domain: DomainTestContext;
  beforeEach(async () => {
    domain = await openDomain();
  });
  afterEach(() => domain.dispose());

  const issue = () => domain.tokens.create(domain.organizationId, operatorActor, { name: "ci", scopes: ["all"] });
  const source = { ip: "192.0.2.7", requestId: "r-1" };

  it("writes nothing during requests and exact counts at the flush, even for concurrent requests", async () => {
    const usage = new TokenUsage(domain.store);
    const verifier = createVerifier(domain.store, { prefix: "wxt" }, { usage });
    const { token, secret } = await issue();
    const before = new Date().toISOString();
    await Promise.all(Array.from({ length: 50 }, () => verifier.verify(secret, source)));
    expect(await domain.readStoredToken(token.id)).to.deep.equal(token);
    await usage.flush();
    const { requestCount, failedCount, lastUsed } = await domain.readStoredToken(token.id);
    expect({ requestCount, failedCount }).to.deep.equal({ requestCount: 50, failedCount: 0 });
    const [time = "", ip] = lastUsed?.split(" ") ?? [];
    expect(ip).to.equal(source.ip);
    expect(time >= before && time <= new Date().toISOString(), time).to.equal(true);
  });

  it("adds to the stored counts, counts rejections separately, and keeps version and updatedAt", async () => {
    const usage = new TokenUsage(domain.store);
    const { token } = await issue();
    usage.record(token, undefined, "192.0.2.1");
    await usage.flush();
    usage.record(token, undefined, "192.0.2.2");
    usage.record(token, "disabled", "203.0.113.9");
    await usage.flush();
    await usage.flush();
    const { lastUsed, ...stored } = await domain.readStoredToken(token.id);
    expect(stored).to.deep.equal({ ...token, requestCount: 2, failedCount: 1, failures: { disabled: 1 } });
    expect(lastUsed).to.match(/ 192\.0\.2\.2$/);
  });

  it("does not count a rejection as a use", async () => {
    const usage = new TokenUsage(domain.store);
    const { token } = await issue();
    usage.record(token, "disabled", "203.0.113.9");
    await usage.flush();
    expect(await domain.readStoredToken(token.id)).to.deep.equal({
      ...token,
      failedCount: 1,
      failures: { disabled: 1 },
    });
  });

  it("writes the counts of any number of tokens in several organizations", async () => {
    const usage = new TokenUsage(domain.store);
    const issued = await Promise.all(Array.from({ length: 120 }, issue));
    const theirs = await domain.tokens.create(domain.otherId, operatorActor, { name: "theirs", scopes: ["all"] });
    for (const { token } of [...issued, theirs]) usage.record(token, undefined, source.ip);
    await usage.flush();
    for (const organization of [domain.organizationId, domain.otherId]) {
      const { items } = await domain.tokens.list(organization, { limit: 200 });
      expect(items.map(({ requestCount }) => requestCount).every((count) => count === 1)).to.equal(true);
    }
  });

  it("never decreases the time of the last use, whichever replica writes last", async () => {
    const { token } = await issue();
    const [early, late] = [new TokenUsage(domain.store), new TokenUsage(domain.store)];
    early.record(token, undefined, "192.0.2.1");
    await new Promise((resolve) => setTimeout(resolve, 5));
    late.record(token, undefined, "192.0.2.2");
    await late.flush();
    const { lastUsed } = await domain.readStoredToken(token.id);
    await early.flush();
    const stored = await domain.readStoredToken(token.id);
    expect(stored).to.include({ lastUsed, requestCount: 2 });
    expect(lastUsed).to.match(/ 192\.0\.2\.2$/);
  });

  it("retries failed writes in the next flush", async () => {
    const usage = new TokenUsage(domain.store);
    const { token } = await issue();
    usage.record(token, undefined, "192.0.2.1");
    usage.record(token, "disabled", "192.0.2.1");
    const restore = await simulateOutage(domain);
    const flushing = usage.flush();
    usage.record(token, undefined, "192.0.2.2"); // during the failing flush
    await expectRejection(flushing, "unavailable");
    await expectRejection(usage.flush(), "unavailable");
    await restore();
    await usage.flush();
    await usage.flush();
    const stored = await domain.readStoredToken(token.id);
    expect(stored).to.include({ requestCount: 2, failedCount: 1 });
    expect(stored.lastUsed).to.match(/ 192\.0\.2\.2$/);
  });

  it("skips a token that was removed in the meantime", async () => {
    const usage = new TokenUsage(domain.store);
    const { token } = await issue();
    usage.record({ id: "tok_gone", organizationId: domain.organizationId }, undefined, source.ip);
    usage.record(token, undefined, source.ip);
    await usage.flush();
    expect((await domain.readStoredToken(token.id)).requestCount).to.equal(1);
  });
});
