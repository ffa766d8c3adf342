import { expect } from "chai";
import fc from "fast-check";
import { engines } from "../../store/engines.ts";
import { type Agent, enterpriseUrn, type Service, startService } from "../../support/service.ts";
import { bulkRequest, type Entry, idIn, newGroup, newUser } from "./bulk-request.ts";

for (const { name, open } of engines) {
  describe(`RFC 7644 3.7.1 any references in a bulk on ${name}`, () => {
    let service: Service;
    let scim: Agent;
    before(async () => {
      service = await startService({ open });
      scim = await service.as(["admin:scim"]);
    });
    after(() => service.dispose());

    let number = 0;
    const carriedOut = async (Operations: readonly unknown[]): Promise<Entry[]> =>
      (await scim.post("/scim/v2/Bulk").send(bulkRequest(Operations)).expect(200)).body.Operations;
    const read = async (type: string, id: string) => (await scim.get(`/scim/v2/${type}/${id}`).expect(200)).body;
    const membersOf = async (id: string): Promise<string[]> =>
      ((await read("Groups", id)).members ?? []).map(({ value }: { value: string }) => value).sort();
    const managerOf = async (id: string): Promise<string | undefined> =>
      (await read("Users", id))[enterpriseUrn]?.manager?.value;
    const ref = (bulkId: string): string => `bulkId:${bulkId}`;
    const managedBy = (value: string) => ({ [enterpriseUrn]: { manager: { value } } });

    /** With all that refers to them, directly or not. */
    const withReferrers = (
      failed: readonly number[],
      nodes: readonly { refersTo: readonly number[] }[],
    ): Set<number> => {
      const failing = new Set(failed);
      for (let size = -1; size !== failing.size; ) {
        size = failing.size;
        for (const [own, { refersTo }] of nodes.entries()) {
          if (refersTo.some((to) => failing.has(to))) failing.add(own);
        }
      }
      return failing;
    };

    it("whoever refers to whom, each resource is there once, with all that was asked for, or its operation says so", async () => {
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
          const entries = await carriedOut(
            nodes.map(({ isGroup, isBroken, refersTo, method }, own) => {
              const refs = refersTo.map((to) => ref(at(to)));
              const creation = isGroup ? newGroup(at(own), refs) : newUser(at(own), managedBy(refs[0] ?? "elsewhere"));
              return { ...creation, method, ...(isBroken && { data: { schemas: [] } }) };
            }),
          );
          const ids = entries.map((entry) => (entry.location === undefined ? undefined : idIn(entry)));
          expect(entries.map(({ bulkId }) => bulkId)).to.deep.equal(nodes.map((_, own) => at(own)));
          const broken = nodes.flatMap(({ isBroken }, own) => (isBroken ? [own] : []));
          const failing = withReferrers(broken, nodes);
          for (const [own, { isGroup, refersTo }] of nodes.entries()) {
            const { status } = entries[own] ?? {};
            // What refers to nothing that fails does not fail; what is incomplete says so.
            if (!failing.has(own)) expect(status, JSON.stringify(entries[own])).to.equal("201");
            const id = ids[own];
            const filter = `${isGroup ? "displayName" : "userName"} eq "${at(own)}"`;
            const found = await scim.get(`/scim/v2/${isGroup ? "Groups" : "Users"}`).query({ filter });
            expect(found.body.Resources.map((each: { id: string }) => each.id)).to.deep.equal(
              id === undefined ? [] : [id],
            );
            if (status !== "201" || id === undefined) continue;
            const wanted = refersTo.map((to) => ids[to]);
            if (isGroup) expect(await membersOf(id)).to.deep.equal(wanted.sort());
            else expect(await managerOf(id)).to.equal(refersTo.length > 0 ? wanted[0] : "elsewhere");
          }
        }),
        { numRuns: 60 },
      );
    });
  });
}
