import { expect } from "chai";
import fc from "fast-check";
import type { AccessExplained } from "../../../schemas/access.ts";
import type { Toolkit } from "../../../schemas/toolkit.ts";
import { namedBySlug } from "../../../src/domain/catalogue/references.ts";
import { collections } from "../../../src/store/collections.ts";
import { engines } from "../../store/engines.ts";
import type { Opened } from "../../store/opened.ts";
import { restriction, world } from "./arbitrary-world.ts";
import { type Kind, Naive, type World } from "./naive.ts";
import { type StoredWorld, storeWorld } from "./stored-world.ts";

const kinds: readonly Kind[] = ["mcp-server", "toolkit", "skill", "command"];
const runs: Readonly<Record<string, number>> = { SQLite: 60, MongoDB: 8 };

for (const { name: engine, open } of engines) {
  describe(`Access in any organisation on ${engine}`, () => {
    let opened: Opened;
    before(async () => {
      opened = await open({ collections });
    });
    after(() => opened.dispose());

    const everywhere = async (check: (seen: Seen) => Promise<void>): Promise<void> => {
      await fc.assert(
        fc.asyncProperty(world, restriction, async (one, narrowed) => {
          const stored = await storeWorld(opened.store, one);
          for (const userId of one.users) {
            for (const restriction of [{}, narrowed]) {
              await check({ world: one, userId, restriction, stored, naive: new Naive(one, userId, restriction) });
            }
          }
        }),
        { numRuns: runs[engine] ?? 1 },
      );
    };

    it("lists and gets exactly what the rules give, of every kind", async function () {
      this.timeout(120_000);
      await everywhere(async ({ world, userId, restriction, stored, naive }) => {
        const standing = await stored.access.standing(stored.organizationId, userId, restriction);
        for (const kind of kinds) {
          const expected = world[kind].filter((thing) => naive.reaches(kind, thing)).map(({ id }) => id);
          const message = `${kind} for ${userId}`;
          const open = stored.tenant.open(namedBySlug[kind]);
          const { items } = await open.list({ where: standing.condition(kind), limit: 100 });
          expect(
            items.map(({ id }) => id),
            message,
          ).to.deep.equal(expected.sort());
          const reached = world[kind].filter((thing) => standing.reaches(kind, thing)).map(({ id }) => id);
          expect(reached.sort(), message).to.deep.equal(expected);
        }
      });
    });

    it("leaves of a server the tools, and of a toolkit the parts, that the rules leave", async function () {
      this.timeout(120_000);
      await everywhere(async ({ world, userId, restriction, stored, naive }) => {
        const standing = await stored.access.standing(stored.organizationId, userId, restriction);
        for (const server of world["mcp-server"]) {
          const usable = standing.toolsOf(server).map(({ name }) => name);
          expect(usable, `tools of ${server.slug} for ${userId}`).to.deep.equal(naive.toolsOf(server));
        }
        const reached = world.toolkit.filter((toolkit) => naive.reaches("toolkit", toolkit));
        const shown = (await stored.access.toolkitsFor(standing, reached)).map(partsOf);
        expect(shown, `toolkits for ${userId}`).to.deep.equal(reached.map((each) => naive.shown(each)));
      });
    });

    it("explains what is given or denied, and nothing else, with every reason and the shortest way to it", async function () {
      this.timeout(120_000);
      await everywhere(async ({ world, userId, restriction, stored, naive }) => {
        if (Object.keys(restriction).length > 0) return; // explanations know none
        const distances = naive.distances();
        for (const kind of kinds) {
          const explained = await allExplained(stored, userId, kind);
          const verdicts = explained.map(({ id, verdict }) => ({ id, verdict }));
          expect(verdicts, `${kind} for ${userId}`).to.deep.equal(naive.verdicts(kind));
          for (const each of explained) {
            const thing = world[kind].find(({ id }) => id === each.id);
            if (!thing) throw new Error(`${each.id} is not in the world`);
            for (const through of [...each.assignments, ...each.policies.map((policy) => policy.through)]) {
              if (through.by !== "group") continue;
              const ids = through.path.map(({ id }) => id);
              expect(ids.length, ids.join()).to.equal(distances.get(ids.at(-1) ?? ""));
              for (const [at, id] of ids.entries()) {
                expect(world.groups.find((group) => group.id === id)?.members).to.include(ids[at - 1] ?? userId);
                expect(through.path[at]?.displayName).to.equal(`Group ${id}`);
              }
            }
            if (each.ownerId !== undefined) continue;
            expect(each.assignments.length > 0).to.equal(naive.names(thing.assignment));
            const effects = new Set(each.policies.map(({ effect }) => effect));
            expect(effects.has("deny")).to.equal(naive.isDenied(kind, thing.slug));
            expect(each.assignments.length > 0 || effects.has("allow")).to.equal(naive.isGiven(kind, thing));
            if (each.verdict === "allowed" && "status" in thing) {
              const allowed = each.tools?.filter(({ verdict }) => verdict === "allowed").map(({ name }) => name);
              expect(allowed).to.deep.equal(naive.toolsOf(thing));
            }
          }
        }
      });
    });
  });
}

interface Seen {
  readonly world: World;
  readonly userId: string;
  readonly restriction: object;
  readonly stored: StoredWorld;
  readonly naive: Naive;
}

const partsOf = ({ entries, skills, commands }: Toolkit): Pick<Toolkit, "entries" | "skills" | "commands"> => ({
  entries,
  skills,
  commands,
});

/** Two at a time. */
async function allExplained({ access, organizationId }: StoredWorld, userId: string, kind: Kind) {
  const found: AccessExplained[] = [];
  for (;;) {
    const last = found.at(-1);
    const after = last && { after: { id: last.id } };
    const { items } = await access.explain(organizationId, userId, kind, { limit: 2, ...after });
    found.push(...items);
    if (items.length < 2) return found;
  }
}
