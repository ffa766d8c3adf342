import type { Agent } from "../../support/service.ts";

/** One resource of the organization's view, as the contract suite uses it. */
export interface ResourceFixture {
  readonly path: string;
  /** The type in audit events. */
  readonly type: string;
  /** The natural key of the resource with this index: a slug, userName or displayName. */
  readonly keyAt: (index: number) => string;
  readonly body: (index: number) => Readonly<Record<string, unknown>>;
  /** A merge patch that changes the resource; the response must then contain it. */
  readonly patch: Readonly<Record<string, unknown>>;
  /** A body with one invalid field. */
  readonly invalid: { readonly body: Readonly<Record<string, unknown>>; readonly pointer: string };
  /** Creates a resource that references this one, and returns the name of that resource. Absent: nothing can reference it. */
  readonly addReference?: (agent: Agent, resource: { readonly id: string; readonly slug: string }) => Promise<string>;
}

const toSlug = (at: number): string => `resource-${at}`;

const createReference =
  (toBody: (resource: { readonly id: string; readonly slug: string }) => object, path = "/api/policies") =>
  async (agent: Agent, resource: { readonly id: string; readonly slug: string }): Promise<string> => {
    const name = `names ${resource.id}`;
    const slug = `blocks-${resource.id.toLowerCase().replaceAll("_", "-")}`;
    await agent
      .post(path)
      .send({ slug, name, ...toBody(resource) })
      .expect(201);
    return name;
  };

const toDenyPolicy = (resources: object): object => ({ effect: "deny", resources });

export const resourceFixtures: readonly ResourceFixture[] = [
  {
    path: "/api/mcp-servers",
    type: "mcp-server",
    keyAt: toSlug,
    body: (at) => ({
      slug: toSlug(at),
      name: `Server ${at}`,
      transport: "http",
      url: `https://mcp.example/${at}`,
      tools: [{ name: "search", risk: "read" }],
    }),
    patch: { description: "changed", status: "active" },
    invalid: {
      body: { slug: "wrong", name: "Wrong", transport: "http", url: "https://mcp.example", tools: [{ name: "a b" }] },
      pointer: "/tools/0/name",
    },
    addReference: createReference(({ slug }) => ({ entries: [{ mcpServer: slug, tools: "all" }] }), "/api/toolkits"),
  },
  {
    path: "/api/toolkits",
    type: "toolkit",
    keyAt: toSlug,
    body: (at) => ({ slug: toSlug(at), name: `Toolkit ${at}`, leastPrivilege: true }),
    patch: { description: "changed", leastPrivilege: false },
    invalid: {
      body: { slug: "wrong", name: "Wrong", entries: [{ mcpServer: "unknown" }] },
      pointer: "/entries/0/mcpServer",
    },
    addReference: createReference(({ slug }) => toDenyPolicy({ toolkits: [slug] })),
  },
  {
    path: "/api/skills",
    type: "skill",
    keyAt: toSlug,
    body: (at) => ({
      slug: toSlug(at),
      name: `Skill ${at}`,
      content: "# Do\n",
      files: [{ path: "a/b.md", content: "b" }],
    }),
    patch: { content: "# Do not\n", files: null },
    invalid: {
      body: { slug: "wrong", name: "Wrong", content: "x", files: [{ path: "../up", content: "" }] },
      pointer: "/files/0/path",
    },
    addReference: createReference(({ slug }) => toDenyPolicy({ skills: [slug] })),
  },
  {
    path: "/api/commands",
    type: "command",
    keyAt: toSlug,
    body: (at) => ({
      slug: toSlug(at),
      name: `Command ${at}`,
      template: "Say {{what}}",
      arguments: [{ name: "what" }],
    }),
    patch: { active: false },
    invalid: { body: { slug: "wrong", name: "Wrong", template: "Say {{what}}" }, pointer: "/template" },
    addReference: createReference(({ slug }) => toDenyPolicy({ commands: [slug] })),
  },
  {
    path: "/api/policies",
    type: "policy",
    keyAt: toSlug,
    body: (at) => ({
      slug: toSlug(at),
      name: `Policy ${at}`,
      effect: "deny",
      subjects: { everyone: true },
      resources: { tools: ["*__delete_*"] },
    }),
    patch: { enabled: false, subjects: { everyone: false } },
    invalid: { body: { slug: "wrong", name: "Wrong", effect: "perhaps" }, pointer: "/effect" },
  },
  {
    path: "/api/users",
    type: "user",
    keyAt: (at) => `person-${at}@example.com`,
    body: (at) => ({
      userName: `person-${at}@example.com`,
      displayName: `Person ${at}`,
      emails: [{ value: `p${at}@example.com`, primary: true }],
    }),
    patch: { displayName: "changed" },
    invalid: { body: { userName: "wrong@example.com", emails: [{ value: 5 }] }, pointer: "/emails/0/value" },
    addReference: createReference(({ id }) => ({ effect: "deny", subjects: { users: [id] } })),
  },
  {
    path: "/api/groups",
    type: "group",
    keyAt: (at) => `Group ${at}`,
    body: (at) => ({ displayName: `Group ${at}`, externalId: `e${at}` }),
    patch: { externalId: "changed" },
    invalid: { body: { displayName: 5 }, pointer: "/displayName" },
    addReference: createReference(({ id }) => ({ effect: "deny", subjects: { groups: [id] } })),
  },
];
