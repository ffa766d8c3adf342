import { expect } from "chai";
import { operator } from "../../../src/domain/audit/record.ts";
import { TokenUsage } from "../../../src/domain/tokens/usage.ts";
import { type Opened, openDomain, refusalOf, takeAway, verifierOver } from "../opened.ts";

describe("TokenUsage", () => {
  let domain: Opened;
  beforeEach(async () => {
    domain = await openDomain();
  });
  afterEach(() => domain.dispose());

  const issue = () => domain.tokens.create(domain.organizationId, operator, { name: "ci", scopes: ["all"] });
  const presentation = { ip: "192.0.2.7", requestId: "r-1" };

  it("writes nothing on the way of requests, and the exact numbers at the flush, whatever was asked at once", async () => {
    const usage = new TokenUsage(domain.store);
    const verifier = verifierOver(domain.store, { prefix: "wxt" }, { usage });
    const { token, secret } = await issue();
    const before = new Date().toISOString();
    await Promise.all(Array.from({ length: 50 }, () => verifier.verify(secret, presentation)));
    expect(await domain.stored(token.id)).to.deep.equal(token);
    await usage.flush();
    const { requestCount, failedCount, lastUsed } = await domain.stored(token.id);
    expect({ requestCount, failedCount }).to.deep.equal({ requestCount: 50, failedCount: 0 });
    const [time = "", ip] = lastUsed?.split(" ") ?? [];
    expect(ip).to.equal(presentation.ip);
    expect(time >= before && time <= new Date().toISOString(), time).to.equal(true);
  });

  it("adds to what is there, counts refusals apart, and leaves version and date of the record", async () => {
    const usage = new TokenUsage(domain.store);
    const { token } = await issue();
    usage.note(token, undefined, "192.0.2.1");
    await usage.flush();
    usage.note(token, undefined, "192.0.2.2");
    usage.note(token, "disabled", "203.0.113.9");
    await usage.flush();
    await usage.flush();
    const { lastUsed, ...stored } = await domain.stored(token.id);
    expect(stored).to.deep.equal({ ...token, requestCount: 2, failedCount: 1, failures: { disabled: 1 } });
    expect(lastUsed).to.match(/ 192\.0\.2\.2$/);
  });

  it("does not take a refusal for a use", async () => {
    const usage = new TokenUsage(domain.store);
    const { token } = await issue();
    usage.note(token, "disabled", "203.0.113.9");
    await usage.flush();
    expect(await domain.stored(token.id)).to.deep.equal({ ...token, failedCount: 1, failures: { disabled: 1 } });
  });

  it("writes the uses of any number of tokens, of several organisations", async () => {
    const usage = new TokenUsage(domain.store);
    const issued = await Promise.all(Array.from({ length: 120 }, issue));
    const theirs = await domain.tokens.create(domain.otherId, operator, { name: "theirs", scopes: ["all"] });
    for (const { token } of [...issued, theirs]) usage.note(token, undefined, presentation.ip);
    await usage.flush();
    for (const organization of [domain.organizationId, domain.otherId]) {
      const { items } = await domain.tokens.list(organization, { limit: 200 });
      expect(items.map(({ requestCount }) => requestCount).every((count) => count === 1)).to.equal(true);
    }
  });

  it("never moves the last use back, whichever replica writes last", async () => {
    const { token } = await issue();
    const [early, late] = [new TokenUsage(domain.store), new TokenUsage(domain.store)];
    early.note(token, undefined, "192.0.2.1");
    await new Promise((resolve) => setTimeout(resolve, 5));
    late.note(token, undefined, "192.0.2.2");
    await late.flush();
    const { lastUsed } = await domain.stored(token.id);
    await early.flush();
    const stored = await domain.stored(token.id);
    expect(stored).to.include({ lastUsed, requestCount: 2 });
    expect(lastUsed).to.match(/ 192\.0\.2\.2$/);
  });

  it("keeps what cannot be written, for the next flush", async () => {
    const usage = new TokenUsage(domain.store);
    const { token } = await issue();
    usage.note(token, undefined, "192.0.2.1");
    usage.note(token, "disabled", "192.0.2.1");
    const bringBack = await takeAway(domain);
    const flushing = usage.flush();
    usage.note(token, undefined, "192.0.2.2"); // while the others are being written
    await refusalOf(flushing, "unavailable");
    await refusalOf(usage.flush(), "unavailable");
    await bringBack();
    await usage.flush();
    await usage.flush();
    const stored = await domain.stored(token.id);
    expect(stored).to.include({ requestCount: 2, failedCount: 1 });
    expect(stored.lastUsed).to.match(/ 192\.0\.2\.2$/);
  });

  it("passes over a token that is gone meanwhile", async () => {
    const usage = new TokenUsage(domain.store);
    const { token } = await issue();
    usage.note({ id: "tok_gone", organizationId: domain.organizationId }, undefined, presentation.ip);
    usage.note(token, undefined, presentation.ip);
    await usage.flush();
    expect((await domain.stored(token.id)).requestCount).to.equal(1);
  });
});
