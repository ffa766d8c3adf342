import type { McpServer, Tool } from "../../../schemas/mcp-server.ts";
import type { Policy } from "../../../schemas/policy.ts";
import { AppError } from "../../errors.ts";
import type { Condition, Tenant } from "../../store/collection.ts";
import { policies } from "../../store/collections.ts";
import type { NamedBySlug } from "../catalogue/thing.ts";
import { canMatchAfter, matchesPattern } from "./pattern.ts";

/** The enabled policies that speak of one user, made ready for questions about many things. */
export class ApplyingPolicies {
  readonly #about: Readonly<Record<NamedBySlug, ReadonlyMap<string, readonly Policy[]>>>;
  /** Denials of tools, by the server that they are limited to. */
  readonly #denialsOn: ReadonlyMap<string, readonly Policy[]>;
  readonly #denialsAnywhere: readonly Policy[];
  #stepsLeft = stepsMax;

  constructor(applying: readonly Policy[]) {
    const about = (kind: NamedBySlug) =>
      bySlug(
        applying.filter((policy) => namesWhole(policy, kind)),
        ({ resources }) => resources[resourcesOf[kind]],
      );
    this.#about = {
      "mcp-server": about("mcp-server"),
      toolkit: about("toolkit"),
      skill: about("skill"),
      command: about("command"),
    };
    const denials = applying.filter(({ effect, resources }) => effect === "deny" && resources.tools.length > 0);
    this.#denialsOn = bySlug(denials, ({ resources }) => resources.mcpServers);
    this.#denialsAnywhere = denials.filter(({ resources }) => resources.mcpServers.length === 0);
  }

  /** The policies that give or deny a thing as a whole. An allowance of some of its tools gives a server, for them. */
  about(kind: NamedBySlug, slug: string): readonly Policy[] {
    return this.#about[kind].get(slug) ?? [];
  }

  /** The slugs of all things that some policy gives, or denies, as a whole. */
  named(kind: NamedBySlug, effect?: Policy["effect"]): readonly string[] {
    const all = [...this.#about[kind]];
    const found = all.filter(([, about]) => effect === undefined || about.some((each) => each.effect === effect));
    return found.map(([slug]) => slug);
  }

  /** @returns what says of each tool of a server which policy denies it, if one does */
  toolDenials({ slug }: Pick<McpServer, "slug">): (tool: Pick<Tool, "name">) => Policy | undefined {
    return this.firstToMatch(slug, [...(this.#denialsOn.get(slug) ?? []), ...this.#denialsAnywhere]);
  }

  /**
   * @returns what says of each tool of a server which of these policies is the first with a pattern for it
   * @throws AppError query-too-expensive
   */
  firstToMatch(slug: string, among: readonly Policy[]): (tool: Pick<Tool, "name">) => Policy | undefined {
    const beginning = `${slug}__`;
    const candidates = among.flatMap((policy) => {
      const patterns = policy.resources.tools.filter((pattern) => canMatchAfter(beginning, pattern));
      return patterns.length > 0 ? [{ policy, patterns }] : [];
    });
    const spend = (steps: number): void => this.#spend(steps);
    return ({ name }) =>
      candidates.find(({ patterns }) => patterns.some((each) => matchesPattern(beginning + name, each, spend)))?.policy;
  }

  #spend(steps: number): void {
    this.#stepsLeft -= steps;
    if (this.#stepsLeft < 0) throw tooMuch("compare too many patterns with tools");
  }
}

/**
 * Reads all enabled policies that speak of someone of an audience.
 * @throws AppError query-too-expensive for policies that name more than one answer can weigh
 */
export async function policiesFor(tenant: Tenant<"read">, audience: readonly string[]): Promise<ApplyingPolicies> {
  const where: Condition = {
    op: "and",
    all: [
      { op: "some", path: "asked.audience", where: { op: "in", path: "id", values: audience } },
      { op: "eq", path: "enabled", value: true },
    ],
  };
  const found: Policy[] = [];
  let names = 0;
  for (;;) {
    const last = found.at(-1);
    const after = last && { after: { id: last.id } };
    const { items } = await tenant.open(policies).list({ where, limit: pageMax, ...after });
    for (const { resources } of items) names += Object.values(resources).flat().length;
    if (names > namesMax) throw tooMuch("name too many things");
    found.push(...items);
    if (items.length < pageMax) return new ApplyingPolicies(found);
  }
}

const pageMax = 250;
/** Slugs and patterns in the policies of one user: a thousand policies with twenty names each. */
const namesMax = 20_000;
/** Characters that are compared for one answer: some tenths of a second. */
const stepsMax = 20_000_000;

const resourcesOf = { "mcp-server": "mcpServers", toolkit: "toolkits", skill: "skills", command: "commands" } as const;

/** A denial of some tools leaves their servers. */
const namesWhole = ({ effect, resources }: Policy, kind: NamedBySlug): boolean =>
  kind !== "mcp-server" || effect === "allow" || resources.tools.length === 0;

function bySlug(
  applying: readonly Policy[],
  slugsOf: (policy: Policy) => readonly string[],
): ReadonlyMap<string, readonly Policy[]> {
  const found = new Map<string, Policy[]>();
  for (const policy of applying) {
    for (const slug of slugsOf(policy)) {
      const known = found.get(slug);
      if (known) known.push(policy);
      else found.set(slug, [policy]);
    }
  }
  return found;
}

function tooMuch(what: string): AppError {
  const mend = "Let an admin write them shorter, or for fewer subjects.";
  return new AppError("query-too-expensive", `The policies that speak of the user ${what}. ${mend}`);
}
