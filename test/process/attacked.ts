import { enterpriseUrn, patchUrn, startService, userUrn } from "../support/service.ts";

/** What one attack came to, told to the process that started this one. */
export interface Outcome {
  readonly status: number;
  /** What the objects of the language have now that they did not have before. */
  readonly polluted: readonly string[];
  /** Of a group of three, after the attack. */
  readonly members: number;
  /** Of the next request of somebody else. */
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

/** Each is tried in a process of its own, which is not protected by any flag of the runtime. */
export const attacks: Readonly<Record<string, Attack>> = {
  "a filter by __proto__": filter('__proto__.p eq "x"'),
  "a value path by __proto__": filter('emails[__proto__.p eq "x"]'),
  "attributes of __proto__": getUsers("attributes=__proto__.p"),
  "excludedAttributes of constructor": getUsers("excludedAttributes=constructor.prototype.p"),
  "sortBy __proto__": getUsers("sortBy=__proto__.p"),
  "an id that closes a filter": () => ({
    method: "get",
    path: `/scim/v2/Users/${encodeURIComponent('x" or __proto__.p eq "y')}`,
  }),
  "a PATCH path by __proto__": patchUser({ op: "add", path: 'emails[__proto__.p eq "x"].value', value: "v" }),
  "a PATCH path to __proto__": patchUser({ op: "add", path: "__proto__.p", value: "v" }),
  "a PATCH path to constructor.prototype": patchUser({ op: "add", path: "constructor.prototype.p", value: "v" }),
  "a PATCH without a path by a dotted key": patchUser({ op: "add", value: { "__proto__.p": "v" } }),
  "an extension's dotted key": () => ({
    method: "post",
    path: "/scim/v2/Users",
    body: { schemas: [userUrn], userName: "s2", [`${enterpriseUrn}:__proto__.p`]: "pwned" },
  }),
  "a filter by constructor.entries": filter('constructor.entries eq "x"'),
  "a filter of 28 line ends in an open text": filter(`userName eq "${"\n".repeat(28)}`),
  "a filter of 40 backslashes in an open text": filter(`userName eq "${"\\".repeat(40)}`),
  "a filter of 100 groups": filter(Array(100).fill('(title eq "a" or title eq "b")').join(" and ")),
  "a filter of 4,000 opening brackets": filter("(".repeat(4000)),
  "a PATCH path of an open text": patchUser({ op: "remove", path: `emails[value eq "${"\\".repeat(3000)}` }),
  "members that are removed by a value that closes a filter": ({ group }) => ({
    method: "patch",
    path: `/scim/v2/Groups/${group}`,
    body: {
      schemas: [patchUrn],
      Operations: [{ op: "remove", path: "members", value: [{ value: 'zz" or value pr or value eq "yy' }] }],
    },
  }),
  "a search by __proto__": () => ({
    method: "post",
    path: "/scim/v2/Users/.search",
    body: {
      schemas: ["urn:ietf:params:scim:api:messages:2.0:SearchRequest"],
      filter: '__proto__.p eq "x"',
      attributes: ["__proto__.p"],
    },
  }),
  "a bulk operation with a key __proto__": () => ({
    method: "post",
    path: "/scim/v2/Bulk",
    body: {
      schemas: ["urn:ietf:params:scim:api:messages:2.0:BulkRequest"],
      Operations: [
        { method: "POST", path: "/Users", bulkId: "__proto__", data: { userName: "b", manager: "bulkId:__proto__" } },
      ],
    },
  }),
};

const names = (): string[] =>
  [Object.prototype, Array.prototype, Function.prototype, Object, Array].flatMap((each, at) =>
    Object.getOwnPropertyNames(each).map((name) => `${at}.${name}`),
  );

async function suffer(attack: Attack): Promise<Outcome> {
  const service = await startService();
  try {
    const scim = await service.as(["admin:scim"]);
    const users: string[] = [];
    for (const userName of ["a", "b", "c"])
      users.push((await scim.post("/scim/v2/Users").send({ schemas: [userUrn], userName })).body.id);
    const made = await scim
      .post("/scim/v2/Groups")
      .send({ displayName: "three", members: users.map((value) => ({ value })) });
    const before = new Set(names());
    const entries = Object.entries;
    const { method, path, body } = attack({ user: users[0] ?? "", group: made.body.id });
    const { status } = await scim[method](path).send(body);
    const polluted = names().filter((name) => !before.has(name));
    if (Object.entries !== entries) polluted.push("Object.entries is another");
    const elsewhere = await service.as(["admin:scim"], await service.organization("another"));
    return {
      status,
      polluted,
      members: (await scim.get(`/scim/v2/Groups/${made.body.id}`)).body.members.length,
      next: (await elsewhere.get("/scim/v2/Users")).status,
    };
  } finally {
    await service.dispose();
  }
}

const attack = attacks[process.argv[2] ?? ""];
if (process.send && attack) {
  process.send(await suffer(attack));
  process.disconnect();
}
