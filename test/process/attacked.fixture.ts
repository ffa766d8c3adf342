import { enterpriseUrn, patchUrn, startService, userUrn } from "../support/service.ts";

/** The result of one attack. */
export interface Outcome {
  readonly status: number;
  /** Properties that the attack added to built-in objects. */
  readonly polluted: readonly string[];
  /** Number of members of a group of three after the attack. */
  readonly members: number;
  /** Status of the next request of another organization. */
  readonly next: number;
}

type Attack = (ids: { readonly user: string; readonly group: string }) => {
  readonly method: "get" | "post" | "patch";
  readonly path: string;
  readonly body?: object;
};

const getUsers =
  (query: string): Attack =>
  () => ({ method: "get", path: `/scim/v2/Users?${query}` });
const filter = (text: string): Attack => getUsers(`filter=${encodeURIComponent(text)}`);
const patchUser =
  (...Operations: object[]): Attack =>
  ({ user }) => ({ method: "patch", path: `/scim/v2/Users/${user}`, body: { schemas: [patchUrn], Operations } });

/**
 * Inputs whose names every object inherits, and texts that a parser could mistake for syntax. The process runs without
 * protective flags of Node.js.
 */
export const attacks: Readonly<Record<string, Attack>> = {
  "a filter by an inherited name": filter('toString.p eq "x"'),
  "a value path by an inherited name": filter('emails[toString.p eq "x"]'),
  "a filter by an inherited name of the schema": filter('hasOwnProperty eq "x"'),
  "attributes of an inherited name": getUsers("attributes=toString.p"),
  "excludedAttributes of an inherited name": getUsers("excludedAttributes=valueOf.name"),
  "sortBy an inherited name": getUsers("sortBy=toString.p"),
  "an id with a quotation mark": () => ({ method: "get", path: `/scim/v2/Users/${encodeURIComponent('x"y')}` }),
  "a PATCH path by an inherited name": patchUser({ op: "add", path: 'emails[toString.p eq "x"].value', value: "v" }),
  "a PATCH path to an inherited name": patchUser({ op: "add", path: "toString.p", value: "v" }),
  "a PATCH path to a part of an inherited name": patchUser({ op: "add", path: "valueOf.name.p", value: "v" }),
  "a PATCH without a path by a dotted key": patchUser({ op: "add", value: { "toString.p": "v" } }),
  "an extension's dotted key": () => ({
    method: "post",
    path: "/scim/v2/Users",
    body: { schemas: [userUrn], userName: "s2", [`${enterpriseUrn}:toString.p`]: "changed" },
  }),
  "a filter with line ends in an unterminated string": filter(`userName eq "${"\n".repeat(20)}`),
  "a filter with backslashes in an unterminated string": filter(`userName eq "${"\\".repeat(20)}`),
  "a filter with 60 groups": filter(Array(60).fill('(title eq "a" or title eq "b")').join(" and ")),
  "a filter with 200 opening brackets": filter("(".repeat(200)),
  "a PATCH path with an unterminated string": patchUser({
    op: "remove",
    path: `emails[value eq "${"\\".repeat(100)}`,
  }),
  "removing a member by an id with a quotation mark": ({ group }) => ({
    method: "patch",
    path: `/scim/v2/Groups/${group}`,
    body: { schemas: [patchUrn], Operations: [{ op: "remove", path: "members", value: [{ value: 'zz"yy' }] }] },
  }),
  "a search by an inherited name": () => ({
    method: "post",
    path: "/scim/v2/Users/.search",
    body: {
      schemas: ["urn:ietf:params:scim:api:messages:2.0:SearchRequest"],
      filter: 'toString.p eq "x"',
      attributes: ["toString.p"],
    },
  }),
  "a bulk operation whose bulkId is an inherited name": () => ({
    method: "post",
    path: "/scim/v2/Bulk",
    body: {
      schemas: ["urn:ietf:params:scim:api:messages:2.0:BulkRequest"],
      Operations: [
        { method: "POST", path: "/Users", bulkId: "toString", data: { userName: "b", manager: "bulkId:toString" } },
      ],
    },
  }),
};

const listBuiltInProperties = (): string[] =>
  [Object.prototype, Array.prototype, Function.prototype, Object, Array].flatMap((each, at) =>
    Object.getOwnPropertyNames(each).map((name) => `${at}.${name}`),
  );

/** Runs the attacks one after another on one service and reports each outcome. */
async function runAttacks(report: (name: string, outcome: Outcome) => void): Promise<void> {
  const service = await startService();
  try {
    const scim = await service.clientWithScopes(["admin:scim"]);
    const otherClient = await service.clientWithScopes(["admin:scim"], await service.createOrganization("another"));
    const users: string[] = [];
    for (const userName of ["a", "b", "c"])
      users.push((await scim.post("/scim/v2/Users").send({ schemas: [userUrn], userName })).body.id);
    const members = users.map((value) => ({ value }));
    const group = (await scim.post("/scim/v2/Groups").send({ displayName: "three", members })).body.id;
    const before = new Set(listBuiltInProperties());
    const entries = Object.entries;
    for (const [name, attack] of Object.entries(attacks)) {
      const { method, path, body } = attack({ user: users[0] ?? "", group });
      const { status } = await scim[method](path).send(body);
      const polluted = listBuiltInProperties().filter((property) => !before.has(property));
      if (Object.entries !== entries) polluted.push("Object.entries was replaced");
      report(name, {
        status,
        polluted,
        members: (await scim.get(`/scim/v2/Groups/${group}`)).body.members.length,
        next: (await otherClient.get("/scim/v2/Users")).status,
      });
    }
  } finally {
    await service.dispose();
  }
}

/** The argument that a process is started with to run the attacks. A test only imports their names. */
export const runAttacksArgument = "--run-attacks";

if (process.argv.includes(runAttacksArgument)) {
  await runAttacks((name, outcome) => process.send?.({ name, outcome }));
  process.disconnect();
}
