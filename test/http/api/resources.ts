import type { Agent } from "../../support/service.ts";

/** One resource of the organisation's view, as the contract suite needs to know it. */
export interface Resource {
  readonly path: string;
  /** How audit events name it. */
  readonly type: string;
  /** The natural key of the one of this number: a slug, a userName, a displayName. */
  readonly key: (at: number) => string;
  readonly body: (at: number) => Readonly<Record<string, unknown>>;
  /** A merge patch that changes it, and what is then to be seen of it. */
  readonly change: Readonly<Record<string, unknown>>;
  /** A body that is wrong in one place. */
  readonly wrong: { readonly body: Readonly<Record<string, unknown>>; readonly pointer: string };
  /** Makes something that names the thing; absent where nothing can. @returns the name of what blocks */
  readonly block?: (agent: Agent, thing: { readonly id: string; readonly slug: string }) => Promise<string>;
}

const slugOf = (at: number): string => `thing-${at}`;

const block =
  (bodyOf: (thing: { readonly id: string; readonly slug: string }) => object, path = "/api/policies") =>
  async (agent: Agent, thing: { readonly id: string; readonly slug: string }): Promise<string> => {
    const name = `names ${thing.id}`;
    const slug = `blocks-${thing.id.toLowerCase().replaceAll("_", "-")}`;
    await agent
      .post(path)
      .send({ slug, name, ...bodyOf(thing) })
      .expect(201);
    return name;
  };

const ofPolicy = (resources: object): object => ({ effect: "deny", resources });

export const resources: readonly Resource[] = [
  {
    path: "/api/mcp-servers",
    type: "mcp-server",
    key: slugOf,
    body: (at) => ({
      slug: slugOf(at),
      name: `Server ${at}`,
      transport: "http",
      url: `https://mcp.example/${at}`,
      tools: [{ name: "search", risk: "read" }],
    }),
    change: { description: "changed", status: "active" },
    wrong: {
      body: { slug: "wrong", name: "Wrong", transport: "http", url: "https://mcp.example", tools: [{ name: "a b" }] },
      pointer: "/tools/0/name",
    },
    block: block(({ slug }) => ({ entries: [{ mcpServer: slug, tools: "all" }] }), "/api/toolkits"),
  },
  {
    path: "/api/toolkits",
    type: "toolkit",
    key: slugOf,
    body: (at) => ({ slug: slugOf(at), name: `Toolkit ${at}`, leastPrivilege: true }),
    change: { description: "changed", leastPrivilege: false },
    wrong: {
      body: { slug: "wrong", name: "Wrong", entries: [{ mcpServer: "never-made" }] },
      pointer: "/entries/0/mcpServer",
    },
    block: block(({ slug }) => ofPolicy({ toolkits: [slug] })),
  },
  {
    path: "/api/skills",
    type: "skill",
    key: slugOf,
    body: (at) => ({
      slug: slugOf(at),
      name: `Skill ${at}`,
      content: "# Do\n",
      files: [{ path: "a/b.md", content: "b" }],
    }),
    change: { content: "# Do not\n", files: null },
    wrong: {
      body: { slug: "wrong", name: "Wrong", content: "x", files: [{ path: "../up", content: "" }] },
      pointer: "/files/0/path",
    },
    block: block(({ slug }) => ofPolicy({ skills: [slug] })),
  },
  {
    path: "/api/commands",
    type: "command",
    key: slugOf,
    body: (at) => ({
      slug: slugOf(at),
      name: `Command ${at}`,
      template: "Say {{what}}",
      arguments: [{ name: "what" }],
    }),
    change: { active: false },
    wrong: { body: { slug: "wrong", name: "Wrong", template: "Say {{what}}" }, pointer: "/template" },
    block: block(({ slug }) => ofPolicy({ commands: [slug] })),
  },
  {
    path: "/api/policies",
    type: "policy",
    key: slugOf,
    body: (at) => ({
      slug: slugOf(at),
      name: `Policy ${at}`,
      effect: "deny",
      subjects: { everyone: true },
      resources: { tools: ["*__delete_*"] },
    }),
    change: { enabled: false, subjects: { everyone: false } },
    wrong: { body: { slug: "wrong", name: "Wrong", effect: "perhaps" }, pointer: "/effect" },
  },
  {
    path: "/api/users",
    type: "user",
    key: (at) => `person-${at}@example.com`,
    body: (at) => ({
      userName: `person-${at}@example.com`,
      displayName: `Person ${at}`,
      emails: [{ value: `p${at}@example.com`, primary: true }],
    }),
    change: { displayName: "changed" },
    wrong: { body: { userName: "wrong@example.com", emails: [{ value: 5 }] }, pointer: "/emails/0/value" },
    block: block(({ id }) => ({ effect: "deny", subjects: { users: [id] } })),
  },
  {
    path: "/api/groups",
    type: "group",
    key: (at) => `Group ${at}`,
    body: (at) => ({ displayName: `Group ${at}`, externalId: `e${at}` }),
    change: { externalId: "changed" },
    wrong: { body: { displayName: 5 }, pointer: "/displayName" },
    block: block(({ id }) => ({ effect: "deny", subjects: { groups: [id] } })),
  },
];
