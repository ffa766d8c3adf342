import { expect } from "chai";
import type { Store } from "../../../src/store/store.ts";
import { describeOnEngines } from "../../store/engines.fixture.ts";
import { startService } from "../../support/service.ts";

/** Counts the transactions of a store, without which nothing can be written. */
function counted(store: Store): { readonly store: Store; transactions(): number } {
  let transactions = 0;
  return {
    store: {
      for: (organizationId) => store.for(organizationId),
      lookup: (from, key, values) => store.lookup(from, key, values),
      transaction: (body, options) => {
        transactions++;
        return store.transaction(body, options);
      },
      snapshot: (work) => store.snapshot(work),
      backup: (path) => store.backup(path),
      ping: () => store.ping(),
      close: () => store.close(),
    },
    transactions: () => transactions,
  };
}

describeOnEngines("The use of a token", (open) => {
  it("is written in batches, never once for each request, and is exact after the end", async () => {
    let counts = { transactions: (): number => 0 };
    const service = await startService({
      bufferIntervalMs: 5000,
      open: async (options) => {
        const opened = await open(options);
        const counting = counted(opened.store);
        counts = counting;
        return { ...opened, store: counting.store };
      },
    });
    try {
      const { id, secret } = await service.issueToken({ scopes: ["admin:read"] });
      const agent = service.clientWithSecret(secret);
      const before = counts.transactions();
      for (let count = 0; count < 200; count++) await agent.get("/api/whoami").expect(200);
      for (let count = 0; count < 100; count++) await agent.post("/api/users").send({ userName: "x" }).expect(403);
      await service.shutDown();
      expect(counts.transactions() - before, "transactions for 300 requests").to.be.lessThan(30);
      const token = await service.domain.tokens.get(service.organizationId, id);
      expect(token.requestCount).to.equal(300);
      expect(token.lastUsed).to.match(/Z 127\.0\.0\.1$/);
    } finally {
      await service.dispose();
    }
  });
});
