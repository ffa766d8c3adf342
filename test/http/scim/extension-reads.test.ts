import { expect } from "chai";
import { scimExtensions } from "../../../src/store/collections.ts";
import type { Entity } from "../../../src/store/record.ts";
import type { CollectionDefinition, Store, Transaction } from "../../../src/store/store.ts";
import { openSqliteTestStore } from "../../store/sqlite/sqlite.fixture.ts";
import { type Agent, type Service, startService, userUrn } from "../../support/service.ts";
import { badge, badgeUrn, declareExtension } from "./extensions.fixture.ts";

/**
 * Counts the reads of extension schemas at the port of the store, outside of transactions and inside of them. The store
 * reports no writes, like one that other processes write to, so that nothing is cached.
 */
function countReads(store: Store): { readonly store: Store; reads(): number; readsInTransactions(): number } {
  const reads = { outside: 0, inside: 0 };
  const counted = (definition: CollectionDefinition<Entity>, place: keyof typeof reads): void => {
    if (definition.name === scimExtensions.name) reads[place]++;
  };
  const countInside = (transaction: Transaction): Transaction => ({
    for: (organizationId) => {
      const tenant = transaction.for(organizationId);
      return {
        ...tenant,
        open: (definition) => {
          counted(definition, "inside");
          return tenant.open(definition);
        },
      };
    },
  });
  return {
    store: {
      for: (organizationId) => {
        const tenant = store.for(organizationId);
        const open = <T extends Entity>(definition: CollectionDefinition<T>) => {
          counted(definition, "outside");
          return tenant.open(definition);
        };
        return { ...tenant, open };
      },
      lookup: (from, key, values) => store.lookup(from, key, values),
      transaction: (body, options) => store.transaction((transaction) => body(countInside(transaction)), options),
      snapshot: (work) => store.snapshot(work),
      backup: (path) => store.backup(path),
      ping: () => store.ping(),
      close: () => store.close(),
    },
    reads: () => reads.outside,
    readsInTransactions: () => reads.inside,
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

  /** Runs a write. @returns its reads of extension schemas, outside of its transaction and inside */
  const readsOfWrite = async (write: () => PromiseLike<unknown>): Promise<readonly [number, number]> => {
    const before = [counting.reads(), counting.readsInTransactions()] as const;
    await write();
    return [counting.reads() - before[0], counting.readsInTransactions() - before[1]];
  };
  const patch = (id: string, operation: object): PromiseLike<unknown> =>
    scim
      .patch(`/scim/v2/Users/${id}`)
      .send({ Operations: [operation] })
      .expect(200);

  it("is read once, and never in the transaction, by writes without extension values", async () => {
    const user = { schemas: [userUrn], userName: "another" };
    const writes = [
      () => scim.post("/scim/v2/Users").send(user).expect(201),
      () =>
        scim
          .put(`/scim/v2/Users/${plain}`)
          .send({ ...user, userName: "plain2" })
          .expect(200),
      () => patch(plain, { op: "replace", path: "title", value: "Engineer" }),
      () =>
        scim
          .post("/scim/v2/Groups")
          .send({ displayName: "Team", members: [{ value: plain }] })
          .expect(201),
    ];
    for (const write of writes) expect(await readsOfWrite(write), String(write)).to.deep.equal([1, 0]);
  });

  it("is read once before the transaction and once inside by writes with extension values", async () => {
    const user = { schemas: [userUrn], userName: "badged", [badgeUrn]: { number: "2" } };
    const writes = [
      () => scim.post("/scim/v2/Users").send(user).expect(201),
      () =>
        scim
          .put(`/scim/v2/Users/${extended}`)
          .send({ ...user, userName: "extended2" })
          .expect(200),
      () => patch(extended, { op: "replace", path: `${badgeUrn}:number`, value: "3" }),
      () => patch(extended, { op: "replace", path: "title", value: "Engineer" }),
    ];
    for (const write of writes) expect(await readsOfWrite(write), String(write)).to.deep.equal([1, 1]);
  });

  it("is not read by a DELETE without extension values", async () => {
    expect(await readsOfWrite(() => scim.delete(`/scim/v2/Users/${plain}`).expect(204))).to.deep.equal([0, 0]);
  });
});
