import { expect } from "chai";
import type { Token } from "../../../schemas/token.ts";
import type { DecisionRequest } from "../../../src/domain/access/access-resolver.ts";
import type { AppError } from "../../../src/errors.ts";
import { collections } from "../../../src/store/collections.ts";
import { openSqliteTestStore } from "../../store/sqlite/sqlite.fixture.ts";
import type { TestStore } from "../../store/test-store.fixture.ts";
import type { OrganizationData } from "./access-oracle.fixture.ts";
import { ada, grace } from "./queries.fixture.ts";
import {
  assignTo,
  buildDecisionToken,
  buildOrganization,
  command,
  policy,
  server,
  skill,
  tool,
  unassigned,
} from "./resources.fixture.ts";
import { storeOrganization } from "./stored-organization.fixture.ts";

describe("Access decision", () => {
  let testStore: TestStore;
  before(async () => {
    testStore = await openSqliteTestStore({ collections });
  });
  after(() => testStore.dispose());

  const decide = async (parts: Partial<OrganizationData>, request: DecisionRequest, active = true) => {
    const { organizationId, access } = await storeOrganization(testStore.store, buildOrganization(parts));
    return access.decide(organizationId, { id: ada, active }, request);
  };
  /** Returns the checks that have failed. */
  const failures = async (...of: Parameters<typeof decide>): Promise<readonly string[]> =>
    (await decide(...of)).steps.filter(({ outcome }) => outcome === "failed").map(({ check }) => check);

  const onSkill = (more: Partial<DecisionRequest> = {}): DecisionRequest => ({ kind: "skill", resource: "x", ...more });
  const onServer = (more: Partial<DecisionRequest> = {}): DecisionRequest => ({
    ...{ kind: "mcp-server", resource: "x" },
    ...more,
  });

  it("has every check in order, with the assignments and policies that decide", async () => {
    const groups = [
      { id: "grp_a", members: [ada] },
      { id: "grp_b", members: ["grp_a"] },
    ];
    const assignment = assignTo({ groups: ["grp_b"] });
    const policies = [policy("allow", { skills: ["x"] }), policy("deny", { skills: ["x"] })];
    const { steps, isAllowed } = await decide({ groups, policies, skill: [skill("x", { assignment })] }, onSkill());
    expect(isAllowed).to.equal(false);
    const path = ["grp_a", "grp_b"].map((id) => ({ id, displayName: `Group ${id}` }));
    const listed = (effect: "allow" | "deny") => ({
      ...{ id: `pol_${effect}`, slug: effect, name: effect, effect },
      through: { by: "everyone" },
    });
    expect(steps).to.deep.equal([
      { check: "user", outcome: "passed" },
      { check: "resource", outcome: "passed" },
      { check: "grant", outcome: "passed", assignments: [{ by: "group", path }], policies: [listed("allow")] },
      { check: "denial", outcome: "failed", policies: [listed("deny")] },
    ]);
  });

  it("fails for an inactive user, a draft, a disabled command, and what nothing grants", async () => {
    expect(await failures({ skill: [skill("x")] }, onSkill(), false)).to.deep.equal(["user"]);
    expect(await failures({ "mcp-server": [server("x", { status: "draft" })] }, onServer())).to.deep.equal([
      "resource",
    ]);
    const commands = [command("x", { active: false })];
    expect(await failures({ command: commands }, { kind: "command", resource: "x" })).to.deep.equal(["resource"]);
    expect(await failures({ skill: [skill("x", { assignment: unassigned })] }, onSkill())).to.deep.equal(["grant"]);
  });

  it("decides about a tool by its name, also with the slug of its server before it", async () => {
    const tools = [tool("read"), tool("drop"), tool("off", false)];
    const parts = {
      "mcp-server": [server("x", { tools, assignment: unassigned })],
      policies: [policy("allow", { mcpServers: ["x"], tools: ["x__read"] }), policy("deny", { tools: ["drop"] })],
    };
    const toolStep = async (name: string) => (await decide(parts, onServer({ tool: name }))).steps.at(-1);
    expect(await toolStep("read")).to.include({ outcome: "passed", verdict: "allowed", policy: "allow" });
    expect(await toolStep("x__drop")).to.include({ outcome: "failed", verdict: "denied", policy: "deny" });
    expect(await toolStep("off")).to.include({ outcome: "failed", verdict: "inactive" });
  });

  const restrictions: readonly (readonly [string, Partial<Token>, readonly string[]])[] = [
    ["none", {}, []],
    ["another user", { userId: grace }, ["other-user"]],
    ["no scope", { scopes: ["admin:read"] }, ["scope"]],
    ["a scope that calls no tool", { type: "mcp", scopes: ["connect:read"] }, ["scope"]],
    ["another environment", { environment: "staging" }, ["environment"]],
    ["the environment of the server", { environment: "production" }, []],
    ["other servers", { mcpServers: ["y"] }, ["mcp-server"]],
    ["a lower risk", { maxRisk: "read" }, ["risk"]],
    ["the risk of the tool", { maxRisk: "write" }, []],
    ["a token that is disabled", { enabled: false }, ["not-active"]],
    ["a parent that does not exist", { parentId: "tok_none" }, ["not-active"]],
    ["all of them", { userId: grace, mcpServers: ["y"], maxRisk: "read" }, ["other-user", "mcp-server", "risk"]],
  ];
  for (const [restriction, fields, obstacles] of restrictions)
    it(`reports the obstacles of a token: ${restriction}`, async () => {
      const servers = [server("x", { environment: "production", tools: [tool("read")] })];
      const request = onServer({ tool: "read", token: buildDecisionToken(fields) });
      const { steps, isAllowed } = await decide({ "mcp-server": servers }, request);
      const outcome = obstacles.length === 0 ? "passed" : "failed";
      expect(steps.at(-1)).to.deep.equal({ check: "token", outcome, obstacles });
      expect(isAllowed).to.equal(obstacles.length === 0);
    });

  it("assumes a membership, a disabled policy or an assignment, and writes nothing", async () => {
    const groups = [
      { id: "grp_a", members: ["grp_b"] },
      { id: "grp_b", members: [] },
    ];
    const parts = {
      groups,
      skill: [skill("x", { assignment: assignTo({ groups: ["grp_a"] }) })],
      policies: [policy("deny", { skills: ["x"] })],
    };
    const { organizationId, access } = await storeOrganization(testStore.store, buildOrganization(parts));
    const failuresIf = async (request: Partial<DecisionRequest>) =>
      (await access.decide(organizationId, { id: ada, active: true }, onSkill(request))).steps
        .filter(({ outcome }) => outcome === "failed")
        .map(({ check }) => check);
    expect(await failuresIf({ hypothesis: { groupIds: ["grp_b"] } })).to.deep.equal(["denial"]);
    expect(await failuresIf({ hypothesis: { disabledPolicyIds: ["pol_deny"] } })).to.deep.equal(["grant"]);
    expect(await failuresIf({ isAssumedAssigned: true })).to.deep.equal(["denial"]);
    const both = { groupIds: ["grp_b"], disabledPolicyIds: ["pol_deny"] };
    expect(await failuresIf({ hypothesis: both })).to.deep.equal([]);
    expect(await failuresIf({})).to.deep.equal(["grant", "denial"]);
  });

  it("finds a resource by its slug, its id or its exact name, and the user's own", async () => {
    const parts = {
      skill: [
        skill("x", { name: "Review" }),
        skill("mine", { ownerId: ada }),
        skill("theirs", { ownerId: grace, name: "Theirs" }),
        skill("two", { name: "Twice" }),
        skill("three", { name: "Twice" }),
      ],
    };
    const find = async (resource: string) => (await decide(parts, onSkill({ resource }))).resource.slug;
    for (const text of ["x", "skl_x", "Review"]) expect(await find(text)).to.equal("x");
    const own = await decide(parts, onSkill({ resource: "mine" }));
    expect(own.steps.map(({ check }) => check)).to.deep.equal(["user", "owner"]);
    const errorOf = async (request: DecisionRequest) =>
      decide(parts, request).then(
        () => undefined,
        (error: AppError) => `${error.code} ${error.details.field} ${error.message}`,
      );
    const unknown = "invalid-value resource resource: no resource of this kind has this slug, name or id.";
    for (const resource of ["theirs", `skl_${grace}theirs`, "Theirs", "none", "\0", "_\0"])
      expect(await errorOf(onSkill({ resource })), resource).to.equal(unknown);
    expect(await errorOf(onSkill({ resource: "Twice" }))).to.contain("several resources have this name");
    expect(await errorOf(onSkill({ tool: "read" }))).to.contain("invalid-value tool tool: only MCP servers have tools");
  });
});
