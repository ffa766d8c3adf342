import { expect } from "chai";
import fc from "fast-check";
import { describeOnEngines } from "../../../store/engines.fixture.ts";
import { repetitionsOf } from "../../../support/repetitions.ts";
import { type Agent, enterpriseUrn, type Service, startService } from "../../../support/service.ts";
import {
  type BulkResponseOperation,
  buildBulkRequest,
  createGroupOperation,
  createUserOperation,
  idFromLocation,
} from "./bulk.fixture.ts";

describeOnEngines("RFC 7644 3.7.1: arbitrary references in a bulk request", (open) => {
  let service: Service;
  let scim: Agent;
  before(async () => {
    service = await startService({ open });
    scim = await service.clientWithScopes(["admin:scim"]);
  });
  after(() => service.dispose());

  let number = 0;
  const execute = async (Operations: readonly unknown[]): Promise<BulkResponseOperation[]> =>
    (await scim.post("/scim/v2/Bulk").send(buildBulkRequest(Operations)).expect(200)).body.Operations;
  const read = async (type: string, id: string) => (await scim.get(`/scim/v2/${type}/${id}`).expect(200)).body;
  const membersOf = async (id: string): Promise<string[]> =>
    ((await read("Groups", id)).members ?? []).map(({ value }: { value: string }) => value).sort();
  const managerOf = async (id: string): Promise<string | undefined> =>
    (await read("Users", id))[enterpriseUrn]?.manager?.value;
  const ref = (bulkId: string): string => `bulkId:${bulkId}`;
  const managedBy = (value: string) => ({ [enterpriseUrn]: { manager: { value } } });

  /** Includes everything that refers to it, directly or indirectly. */
  const withReferrers = (failed: readonly number[], nodes: readonly { refersTo: readonly number[] }[]): Set<number> => {
    const failing = new Set(failed);
    for (let size = -1; size !== failing.size; ) {
      size = failing.size;
      for (const [own, { refersTo }] of nodes.entries()) {
        if (refersTo.some((to) => failing.has(to))) failing.add(own);
      }
    }
    return failing;
  };

  it("creates each resource once and completely, or reports an error for its operation", async () => {
    const node = fc.record({
      isGroup: fc.boolean(),
      isBroken: fc.nat(9).map((draw) => draw === 0),
      refersTo: fc.uniqueArray(fc.nat(7), { maxLength: 4 }),
      method: fc.constantFrom("POST", "post"),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(node, { minLength: 1, maxLength: 8 }), async (drawn) => {
        const root = `graph${++number}`;
        const at = (index: number): string => `${root}.${index}`;
        const nodes = drawn.map((each, own) => {
          const others = each.refersTo.filter((to) => to < drawn.length && to !== own);
          return { ...each, refersTo: each.isGroup ? others : others.slice(0, 1) };
        });
        const entries = await execute(
          nodes.map(({ isGroup, isBroken, refersTo, method }, own) => {
            const refs = refersTo.map((to) => ref(at(to)));
            const creation = isGroup
              ? createGroupOperation(at(own), refs)
              : createUserOperation(at(own), managedBy(refs[0] ?? "elsewhere"));
            return { ...creation, method, ...(isBroken && { data: { schemas: [] } }) };
          }),
        );
        const ids = entries.map((entry) => (entry.location === undefined ? undefined : idFromLocation(entry)));
        expect(entries.map(({ bulkId }) => bulkId)).to.deep.equal(nodes.map((_, own) => at(own)));
        const broken = nodes.flatMap(({ isBroken }, own) => (isBroken ? [own] : []));
        const failing = withReferrers(broken, nodes);
        for (const [own, { isGroup, refersTo }] of nodes.entries()) {
          const { status } = entries[own] ?? {};
          // An operation without references to a failed one succeeds; an incomplete one reports an error.
          if (!failing.has(own)) expect(status, JSON.stringify(entries[own])).to.equal("201");
          const id = ids[own];
          const filter = `${isGroup ? "displayName" : "userName"} eq "${at(own)}"`;
          const list = await scim.get(`/scim/v2/${isGroup ? "Groups" : "Users"}`).query({ filter });
          expect(list.body.Resources.map((each: { id: string }) => each.id)).to.deep.equal(
            id === undefined ? [] : [id],
          );
          if (status !== "201" || id === undefined) continue;
          const wanted = refersTo.map((to) => ids[to]);
          if (isGroup) expect(await membersOf(id)).to.deep.equal(wanted.sort());
          else expect(await managerOf(id)).to.equal(refersTo.length > 0 ? wanted[0] : "elsewhere");
        }
      }),
      { numRuns: repetitionsOf(60) },
    );
  });
});
