import { expect } from "chai";
import { apiOperations } from "../../../src/http/api/operations.ts";
import { describeOnEngines } from "../../store/engines.fixture.ts";
import { type Agent, type Service, startService } from "../../support/service.ts";
import { resourceFixtures } from "./resources.fixture.ts";

/** Input that has broken similar services, in every place where a client can send it. */
describeOnEngines("Hostile input to /api", (open) => {
  let service: Service;
  let all: Agent;
  before(async () => {
    service = await startService({ open });
    all = await service.clientWithScopes(["all"]);
    await all
      .post("/api/users")
      .send({ userName: "ada", emails: [{ value: "ada@example.com", primary: true }] })
      .expect(201);
  });
  after(() => service.dispose());

  /** The response is an expected status, never an internal error, and reveals no internal detail. */
  const assertComposed = ({ status, text }: { status: number; text: string }, what: string): void => {
    expect(status, `${what}: ${text}`).to.be.below(500);
    expect(text, what).to.not.match(/\bat .*\.(ts|js):\d|node_modules|SQLITE|MongoServer/);
  };

  const names = [
    "%00",
    "..%2f..%2fetc",
    "__proto__",
    "constructor",
    "%F0%9F%92%A9",
    "%ED%A0%80", // an unpaired surrogate, which is not valid UTF-8
    "x".repeat(4000),
    "usr_%00",
    "tok_' OR 1=1--",
    "%7B%22$gt%22:%22%22%7D",
    "%0d%0aSet-Cookie:a=b",
    "*",
  ];
  const fields: readonly Readonly<Record<string, string>>[] = [
    { "If-Match": '"999999999999999999999"' },
    { "If-Match": "*", "If-None-Match": "*" },
    { "If-None-Match": `"${"9".repeat(3000)}"` },
    { "x-user-email": "ada" },
    { "x-user-email": "\u00e9\u00ff" },
    { "x-user-email": "__proto__" },
    { "x-user-email": `${"a".repeat(5000)}@example.com` },
  ];
  const queries = [
    "limit=1e9",
    "limit=-1",
    "limit=1&limit=2",
    "cursor=eyJ9",
    `cursor=${Buffer.from('["x",9e999,{"$gt":""}]').toString("base64url")}`,
    `cursor=${"A".repeat(6000)}`,
    "__proto__[limit]=1",
    "limit[$gt]=1",
    "%ED%A0%80=1",
    "a=%00",
  ];

  for (const { method, path } of apiOperations) {
    it(`${method.toUpperCase()} ${path} causes no internal error`, async () => {
      const url = (name: string): string => `/api${path.replaceAll(/\{\w+\}/g, name)}`;
      const send = async (to: string, body: object | undefined, headers: Readonly<Record<string, string>> = {}) => {
        const response = await all[method](to).set(headers).send(body);
        assertComposed(response, `${to} ${JSON.stringify(headers)}`);
      };
      const body = method === "get" || method === "delete" ? undefined : {};
      for (const name of path.includes("{") ? names : []) await send(url(name), body);
      for (const each of fields) await send(url("ada"), body, each);
      for (const query of method === "get" ? queries : []) {
        await send(`${url("ada")}?${query}`, undefined);
        await send(`${url("ada")}?${query}`, undefined, { "x-user-email": "ada" });
      }
      for (const text of method === "get" ? [] : bodies) {
        const response = await all[method](url("ada")).set("Content-Type", "application/json").send(text);
        assertComposed(response, text.slice(0, 80));
      }
    });
  }

  for (const { path, body, keyAt } of resourceFixtures) {
    it(`${path}: no field value causes an internal error, and an accepted string is returned unchanged`, async () => {
      const sound = body(7);
      for (const field of pathsOf(sound)) {
        for (const value of values) {
          const sent = replaced(sound, field, value);
          const response = await all.post(path).send(sent);
          assertComposed(response, `${path} ${field.join("/")} ${JSON.stringify(value)?.slice(0, 80)}`);
          if (response.status !== 201) continue;
          if (typeof value === "string") expect(valueAt(response.body, field)).to.equal(value);
          expect(response.headers["location"]).to.match(/^https:\/\/gatehouse\.example\/api\/[\w/-]+$/);
          await all.delete(`${path}/${response.body.id}`).expect(204);
        }
      }
      await all.get(`${path}/${encodeURIComponent(keyAt(7))}`).expect(404);
      expect(({} as { polluted?: unknown }).polluted).to.equal(undefined);
    });
  }
});

const bodies = [
  "",
  "null",
  "[]",
  '"text"',
  "{",
  '{"__proto__":{"polluted":1}}',
  '{"constructor":{"prototype":{"polluted":1}}}',
  `${'{"a":'.repeat(500)}1${"}".repeat(500)}`,
  '{"name":"\\ud800"}',
  '{"name":"\\u0000"}',
  '{"version":1e999,"id":"usr_1","ownerId":{"$ne":null}}',
  JSON.stringify({ expiresAt: "+275760-09-13T00:00:00.000Z", expiresInDays: 1e308, userId: "\u0000" }),
];

const values: readonly unknown[] = [
  null,
  true,
  -1,
  1e308,
  "",
  " ",
  "\u0000",
  "\ud800",
  "\u202eevil",
  "a\r\nSet-Cookie: a=b",
  "<script>alert(1)</script>",
  "x".repeat(3000),
  "$where",
  "__proto__",
  "(a+)+$",
  "javascript:alert(1)",
  "http://[::1",
  [],
  {},
  [[]],
  [null],
  { $gt: "" },
  JSON.parse('{"__proto__":{"polluted":1}}'),
  Array.from({ length: 300 }, (_, at) => `${at}`),
];

type Path = readonly (string | number)[];

/** Every path into a value, including intermediate ones. */
function pathsOf(value: unknown, at: Path = []): Path[] {
  if (typeof value !== "object" || value === null) return [];
  return Object.entries(value).flatMap(([name, each]) => {
    const here = [...at, Array.isArray(value) ? Number(name) : name];
    return [here, ...pathsOf(each, here)];
  });
}

function replaced(value: object, [name, ...rest]: Path, by: unknown): object {
  const copy: object = Array.isArray(value) ? [...value] : { ...value };
  const inner: unknown = Reflect.get(value, String(name));
  Reflect.set(copy, String(name), rest.length === 0 ? by : replaced(inner as object, rest, by));
  return copy;
}

const valueAt = (value: unknown, path: Path): unknown =>
  path.reduce((inner, name) => (inner as Record<string | number, unknown>)[name], value);
