import { expect } from "chai";
import { scimExtensions } from "../../../src/store/collections.ts";
import type { Entity } from "../../../src/store/record.ts";
import type { CollectionDefinition, Store } from "../../../src/store/store.ts";
import { openSqliteTestStore } from "../../store/sqlite/sqlite.fixture.ts";
import { type Agent, type Service, startService, userUrn } from "../../support/service.ts";
import { badge, badgeUrn, declareExtension } from "./extensions.fixture.ts";

/**
 * Counts the reads of extension schemas outside of transactions. The store reports no writes, like one that other
 * processes write to, so that nothing is cached.
 */
function countReads(store: Store): { readonly store: Store; reads(): number } {
  let reads = 0;
  return {
    store: {
      for: (organizationId) => {
        const tenant = store.for(organizationId);
        const open = <T extends Entity>(definition: CollectionDefinition<T>) => {
          if (definition.name === scimExtensions.name) reads++;
          return tenant.open(definition);
        };
        return { ...tenant, open };
      },
      lookup: (from, key, values) => store.lookup(from, key, values),
      transaction: (body, options) => store.transaction(body, options),
      ping: () => store.ping(),
      close: () => store.close(),
    },
    reads: () => reads,
  };
}

describe("A store that does not report writes, such as MongoDB", () => {
  let service: Service;
  let scim: Agent;
  let plain: string;
  let extended: string;
  let counting: ReturnType<typeof countReads>;
  before(async () => {
    service = await startService({
      open: async (options) => {
        const opened = await openSqliteTestStore(options);
        counting = countReads(opened.store);
        return { ...opened, store: counting.store };
      },
    });
    scim = await service.clientWithScopes(["admin:scim"]);
    await declareExtension(await service.clientWithScopes(["admin:write"]), badgeUrn, badge);
    const create = async (userName: string, more: object = {}): Promise<string> =>
      (
        await scim
          .post("/scim/v2/Users")
          .send({ schemas: [userUrn], userName, ...more })
          .expect(201)
      ).body.id;
    plain = await create("plain");
    extended = await create("extended", { [badgeUrn]: { number: "1" } });
  });
  after(() => service.dispose());

  const readsOf = async (path: string): Promise<number> => {
    const before = counting.reads();
    await scim.get(`/scim/v2${path}`).expect(200);
    return counting.reads() - before;
  };

  it("is not read for schemas by requests that neither name nor return an extension", async () => {
    for (const path of [
      `/Users/${plain}`,
      `/Users/${plain}?attributes=userName,emails.value`,
      '/Users?filter=userName eq "plain"',
      "/Users?sortBy=userName&count=1&startIndex=2",
      "/Groups",
    ])
      expect(await readsOf(path), path).to.equal(0);
  });

  it("is read once by requests that do", async () => {
    for (const path of [
      `/Users/${extended}`,
      `/Users/${plain}?attributes=${badgeUrn}:number`,
      "/Users",
      `/Users?filter=${encodeURIComponent(`${badgeUrn}:number pr`)}`,
      `/Groups?filter=${encodeURIComponent('schemas eq "urn:x"')}`,
    ])
      expect(await readsOf(path), path).to.equal(1);
  });
});
