import { expect } from "chai";
import fc from "fast-check";
import type { AccessExplanation } from "../../../schemas/access.ts";
import type { McpServer } from "../../../schemas/mcp-server.ts";
import type { Toolkit } from "../../../schemas/toolkit.ts";
import { assignableCollections } from "../../../src/domain/catalog/references.ts";
import { collections } from "../../../src/store/collections.ts";
import { describeOnEngines } from "../../store/engines.fixture.ts";
import type { TestStore } from "../../store/test-store.fixture.ts";
import { AccessOracle, type OrganizationData, type ResourceKind } from "./access-oracle.fixture.ts";
import { arbitraryOrganization, arbitraryRestriction } from "./arbitrary-organization.fixture.ts";
import { buildDecisionToken } from "./resources.fixture.ts";
import { type StoredOrganization, storeOrganization } from "./stored-organization.fixture.ts";

const kinds: readonly ResourceKind[] = ["mcp-server", "toolkit", "skill", "command"];
const runs: Readonly<Record<string, number>> = { SQLite: 60, MongoDB: 8 };

describeOnEngines("Access in an arbitrary organization", (open, engine) => {
  let testStore: TestStore;
  before(async () => {
    testStore = await open({ collections });
  });
  after(() => testStore.dispose());

  const checkAll = async (check: (input: PropertyInput) => Promise<void>): Promise<void> => {
    await fc.assert(
      fc.asyncProperty(arbitraryOrganization, arbitraryRestriction, async (one, arbitraryOne) => {
        const stored = await storeOrganization(testStore.store, one);
        for (const userId of one.users) {
          for (const restriction of [{}, arbitraryOne]) {
            await check({
              organization: one,
              userId,
              restriction,
              stored,
              oracle: new AccessOracle(one, userId, restriction),
            });
          }
        }
      }),
      { numRuns: runs[engine] ?? 1 },
    );
  };

  it("lists and decides exactly as the rules do, for every kind of resource", async function () {
    this.timeout(120_000);
    await checkAll(async ({ organization, userId, restriction, stored, oracle }) => {
      const effectiveAccess = await stored.access.resolve(stored.organizationId, userId, restriction);
      for (const kind of kinds) {
        const expected = organization[kind].filter((resource) => oracle.canAccess(kind, resource)).map(({ id }) => id);
        const message = `${kind} for ${userId}`;
        const open = stored.tenant.open(assignableCollections[kind]);
        const { items } = await open.list({ where: effectiveAccess.toCondition(kind), limit: 100 });
        expect(
          items.map(({ id }) => id),
          message,
        ).to.deep.equal(expected.sort());
        const accessible = organization[kind]
          .filter((resource) => effectiveAccess.canAccess(kind, resource))
          .map(({ id }) => id);
        expect(accessible.sort(), message).to.deep.equal(expected);
      }
    });
  });

  it("reduces servers to the usable tools, and toolkits to the accessible content, as the rules do", async function () {
    this.timeout(120_000);
    await checkAll(async ({ organization, userId, restriction, stored, oracle }) => {
      const effectiveAccess = await stored.access.resolve(stored.organizationId, userId, restriction);
      for (const server of organization["mcp-server"]) {
        const usable = effectiveAccess.listUsableTools(server).map(({ name }) => name);
        expect(usable, `tools of ${server.slug} for ${userId}`).to.deep.equal(oracle.listToolNames(server));
      }
      const accessible = organization.toolkit.filter((toolkit) => oracle.canAccess("toolkit", toolkit));
      const filtered = (await stored.access.filterToolkits(effectiveAccess, accessible)).map(toContent);
      expect(filtered, `toolkits for ${userId}`).to.deep.equal(accessible.map((each) => oracle.filterToolkit(each)));
    });
  });

  it("explains exactly what is granted or denied, with every reason and the shortest path to it", async function () {
    this.timeout(120_000);
    await checkAll(async ({ organization, userId, restriction, stored, oracle }) => {
      if (Object.keys(restriction).length > 0) return; // explanations ignore restrictions
      const distances = oracle.distances();
      for (const kind of kinds) {
        const explanations = await listExplanations(stored, userId, kind);
        const verdicts = explanations.map(({ id, verdict }) => ({ id, verdict }));
        expect(verdicts, `${kind} for ${userId}`).to.deep.equal(oracle.verdicts(kind));
        for (const each of explanations) {
          const resource = organization[kind].find(({ id }) => id === each.id);
          if (!resource) throw new Error(`${each.id} is not in the organization`);
          for (const through of [...each.assignments, ...each.policies.map((policy) => policy.through)]) {
            if (through.by !== "group") continue;
            const ids = through.path.map(({ id }) => id);
            expect(ids.length, ids.join()).to.equal(distances.get(ids.at(-1) ?? ""));
            for (const [at, id] of ids.entries()) {
              expect(organization.groups.find((group) => group.id === id)?.members).to.include(ids[at - 1] ?? userId);
              expect(through.path[at]?.displayName).to.equal(`Group ${id}`);
            }
          }
          if (each.ownerId !== undefined) continue;
          expect(each.assignments.length > 0).to.equal(oracle.includesUser(resource.assignment));
          const effects = new Set(each.policies.map(({ effect }) => effect));
          expect(effects.has("deny")).to.equal(oracle.isDenied(kind, resource.slug));
          expect(each.assignments.length > 0 || effects.has("allow")).to.equal(oracle.isGranted(kind, resource));
          if (each.verdict === "allowed" && "status" in resource) {
            const allowed = each.tools?.filter(({ verdict }) => verdict === "allowed").map(({ name }) => name);
            expect(allowed).to.deep.equal(oracle.listToolNames(resource));
          }
        }
      }
    });
  });

  it("decides about each resource and tool as the rules do, also with a token and under a hypothesis", async function () {
    this.timeout(120_000);
    await checkAll(async ({ organization, userId, restriction, stored, oracle }) => {
      const token = buildDecisionToken({ userId, ...restriction });
      const [group] = organization.groups;
      const [policy] = organization.policies;
      const hypothesis = { groupIds: group ? [group.id] : [], disabledPolicyIds: policy ? [policy.id] : [] };
      const changed: OrganizationData = {
        ...organization,
        groups: organization.groups.map((each) =>
          each === group ? { ...each, members: [...each.members, userId] } : each,
        ),
        policies: organization.policies.map((each) => (each === policy ? { ...each, enabled: false } : each)),
      };
      const changedOracle = new AccessOracle(changed, userId, restriction);
      for (const kind of kinds)
        for (const resource of organization[kind]) {
          if ("ownerId" in resource && resource.ownerId !== userId) continue;
          const tools = "tools" in resource ? resource.tools : [];
          for (const tool of [undefined, ...tools])
            for (const [rules, assumed] of [
              [oracle, {}],
              [changedOracle, hypothesis],
            ] as const) {
              const { isAllowed } = await stored.access.decide(
                stored.organizationId,
                { id: userId, active: true },
                { kind, resource: resource.id, tool: tool?.name, token, hypothesis: assumed },
              );
              const isUsable = tool
                ? rules.listToolNames(resource as McpServer).includes(tool.name)
                : rules.canAccess(kind, resource);
              expect(isAllowed, `${resource.id} ${tool?.name} for ${userId}`).to.equal(isUsable);
            }
        }
    });
  });
});

interface PropertyInput {
  readonly organization: OrganizationData;
  readonly userId: string;
  readonly restriction: object;
  readonly stored: StoredOrganization;
  readonly oracle: AccessOracle;
}

const toContent = ({ entries, skills, commands }: Toolkit): Pick<Toolkit, "entries" | "skills" | "commands"> => ({
  entries,
  skills,
  commands,
});

/** Lists all explanations in pages of two. */
async function listExplanations({ access, organizationId }: StoredOrganization, userId: string, kind: ResourceKind) {
  const found: AccessExplanation[] = [];
  for (;;) {
    const last = found.at(-1);
    const after = last && { after: { id: last.id } };
    const { items } = await access.explain(organizationId, userId, kind, { limit: 2, ...after });
    found.push(...items);
    if (items.length < 2) return found;
  }
}
