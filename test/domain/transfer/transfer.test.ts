import { createHash } from "node:crypto";
import { expect } from "chai";
import type { Skill } from "../../../schemas/skill.ts";
import { skillType, withLookup } from "../../../src/domain/catalog/resource-types.ts";
import { newEntity } from "../../../src/domain/entity.ts";
import { exportData } from "../../../src/domain/transfer/export.ts";
import { importData } from "../../../src/domain/transfer/import.ts";
import { assertNoPendingImport, discardPendingImports } from "../../../src/domain/transfer/pending-import.ts";
import {
  organizationCollection,
  targetedCollections,
  tenantCollections,
  untransferredCollections,
} from "../../../src/domain/transfer/transferred-collections.ts";
import { StartupError } from "../../../src/errors.ts";
import {
  auditEvents,
  collections,
  pendingImports,
  serviceTenant,
  skills,
  users,
} from "../../../src/store/collections.ts";
import type { Store } from "../../../src/store/store.ts";
import { describeOnEngines } from "../../store/engines.fixture.ts";
import { openSqliteTestStore } from "../../store/sqlite/sqlite.fixture.ts";
import type { TestStore } from "../../store/test-store.fixture.ts";
import { assertNoSecrets } from "../../support/secrets.ts";
import { expectRejection } from "../domain.fixture.ts";
import {
  everything,
  exportToString,
  type FilledStore,
  inParts,
  openFilledStore,
  withServiceOn,
} from "./filled-store.fixture.ts";

/** Any line of a file. */
interface FileLine {
  collection?: string;
  record: Record<string, unknown>;
  memberships?: { memberIds: string[] };
  counts?: Record<string, number>;
}

const toLines = (file: string): FileLine[] =>
  file
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line) as FileLine);

/** Joins lines to a file whose trailer fits them, so that only the content can be wrong. */
function seal(lines: readonly FileLine[]): string {
  const body = lines
    .slice(0, -1)
    .map((line) => `${JSON.stringify(line)}\n`)
    .join("");
  const counts: Record<string, number> = {};
  for (const { collection, memberships } of lines) {
    if (collection) counts[collection] = (counts[collection] ?? 0) + 1;
    if (memberships) counts["memberships"] = (counts["memberships"] ?? 0) + memberships.memberIds.length;
  }
  const sha256 = createHash("sha256").update(body).digest("hex");
  return `${body}${JSON.stringify({ end: true, counts, sha256 })}\n`;
}

/** Expects that a store has no record at all. */
async function expectEmpty(store: Store): Promise<void> {
  const organizationIds = await store.snapshot((snapshot) => snapshot.organizationIds());
  expect(organizationIds).to.deep.equal([]);
}

describe("The collections of an export", () => {
  it("are all collections of the store but those that are left out on purpose", () => {
    const transferred = [...tenantCollections, ...targetedCollections, organizationCollection];
    const names = [...transferred.map(({ definition }) => definition), ...untransferredCollections].map(
      ({ name }) => name,
    );
    expect(names.sort()).to.deep.equal(collections.map(({ name }) => name).sort());
  });
});

describeOnEngines("Export and import", (open) => {
  let source: FilledStore;
  let file: string;
  before(async () => {
    source = await openFilledStore();
    file = await exportToString(source.store);
  });
  after(() => source.dispose());

  let target: TestStore;
  beforeEach(async () => {
    target = await open({ collections });
  });
  afterEach(() => target.dispose());

  it("move a store to another engine and back without a difference", async () => {
    const report = await importData(target.store, inParts(file));
    expect(report.counts).to.include({ organizations: 2, users: 3, memberships: 4, legacy_marks: 1 });
    expect(await exportToString(target.store)).to.equal(file);
    const back = await openSqliteTestStore({ collections });
    await importData(back.store, inParts(await exportToString(target.store), 77));
    expect(await exportToString(back.store)).to.equal(file);
    await back.dispose();
  });

  it("keep tokens, access, filters and credentials working", async () => {
    const check = async (store: Store): Promise<unknown> => {
      let seen: unknown;
      await withServiceOn(store, async (client) => {
        const admin = client(source.secrets.admin);
        const read = async (path: string) => (await admin.get(path).expect(200)).body;
        const filters = [
          'userName eq "ADA@example.com"',
          'urn:example:params:scim:schemas:extension:2.0:Employee:badge eq "b-7"',
        ];
        const found = await Promise.all(
          filters.map((filter) => read(`/scim/v2/Users?filter=${encodeURIComponent(filter)}`)),
        );
        const groups = await read("/scim/v2/Groups");
        const servers = await read("/api/mcp-servers/jira");
        const { hasCredential } = await read("/api/mcp-servers/jira/credential");
        await client(source.secrets.legacy).get("/api/users").expect(200);
        await client("wxt_000000000000000000000000000000000000000").get("/api/users").expect(401);
        const toolkits = (await client(source.secrets.personal).get("/api/skills").expect(200)).body;
        seen = [found.map(({ Resources }) => Resources), groups.Resources, servers, hasCredential, toolkits];
      });
      return seen;
    };
    await importData(target.store, inParts(file));
    const before = await check(source.store);
    expect(before).to.have.nested.property("[0][1][0].userName", "Ada@Example.com");
    expect(await check(target.store)).to.deep.equal(before);
    file = await exportToString(source.store); // the requests are in the log
  });

  it("record the import in the audit log of each organization, and no export contains that", async () => {
    await importData(target.store, inParts(file));
    const where = { op: "eq", path: "action", value: "organization.import" } as const;
    const { items } = await target.store.for(source.organizationId).open(auditEvents).list({ where, limit: 10 });
    expect(items.map(({ actor, target: of }) => [actor.type, of?.id])).to.deep.equal([
      ["operator", source.organizationId],
    ]);
    expect(await exportToString(target.store)).to.not.contain("organization.import");
  });

  it("read one point in time, whatever is written meanwhile", async () => {
    await importData(target.store, inParts(file));
    const parts: string[] = [];
    // The first part ends before the events, which are read later.
    await exportData(target.store, everything, async (chunk) => {
      parts.push(chunk);
      await target.store.transaction(async (tx) => {
        const events = tx.for(source.organizationId).open(auditEvents);
        for (const { id } of (await events.list({ limit: 100 })).items) await events.remove(id, "any");
      });
    });
    expect(parts.length).to.be.greaterThan(2);
    expect(parts.join("")).to.equal(file);
    expect(await exportToString(target.store)).to.not.equal(file);
  });

  it("select organizations, and leave out logs and credentials", async () => {
    const lines = toLines(
      await exportToString(source.store, { slugs: ["second"], hasLogs: false, hasCredentials: false }),
    );
    expect(lines[0]).to.deep.include({ complete: false, logs: false, credentials: false });
    expect(lines.at(-1)?.counts).to.deep.equal({
      ...{ organizations: 1, provisioning_status: 1, tokens: 1, users: 1 },
    });
    const all = await exportToString(source.store, { hasLogs: true, hasCredentials: false });
    expect(all).to.not.match(/upstream_credentials|ciphertext|service_keys/);
    assertNoSecrets(file, "the export");
    await importData(target.store, inParts(all));
    await expectRejection(
      exportToString(source.store, { slugs: ["none"], hasLogs: true, hasCredentials: false }),
      "not-found",
    );
  });

  it("import further organizations, and none that exists", async () => {
    const exportOne = (slug: string) =>
      exportToString(source.store, { slugs: [slug], hasLogs: true, hasCredentials: true });
    await importData(target.store, inParts(await exportOne("second")));
    await importData(target.store, inParts(await exportOne("default")));
    const error = await expectRejection(importData(target.store, inParts(await exportOne("second"))), "conflict");
    expect(error.message).to.match(/second exists already/);
    expect(toLines(await exportToString(target.store)).at(-1)?.counts).to.include({ users: 3, organizations: 2 });
  });

  it("read records of many megabytes", async () => {
    const { organizationId } = source;
    const write = (index: number, length: number) =>
      target.store.transaction((tx) => {
        const skill: Skill = {
          ...newEntity("skl", organizationId),
          ...{
            slug: `skill-${index}`,
            name: "Skill",
            content: "x".repeat(100),
            assignment: { everyone: true, groups: [], users: [] },
          },
          files: Array.from({ length }, (_, at) => ({ path: `file-${at}`, content: "ü".repeat(100_000) })),
        };
        return tx.for(organizationId).open(skills).insert(withLookup(skill, skillType));
      });
    await importData(
      target.store,
      inParts(await exportToString(source.store, { slugs: ["default"], hasLogs: false, hasCredentials: false })),
    );
    for (let index = 0; index < 100; index++) await write(index, 0);
    for (let index = 100; index < 110; index++) await write(index, 10);
    const large = await exportToString(target.store);
    const copy = await open({ collections });
    await importData(copy.store, inParts(large, 100_000));
    expect((await exportToString(copy.store)) === large).to.equal(true);
    await copy.dispose();
  });

  describe("of a wrong file", () => {
    const find = (lines: readonly FileLine[], collection: string): number =>
      lines.findIndex((line) => line.collection === collection);
    const cases: readonly (readonly [title: string, change: (lines: FileLine[]) => number, problem: RegExp])[] = [
      [
        "another format",
        (lines) => Object.assign(lines[0] ?? {}, { format: "csv" }) && 0,
        /format: must be gatehouse-export/,
      ],
      ["a newer version", (lines) => Object.assign(lines[0] ?? {}, { version: 2 }) && 0, /version 2/],
      ["another migration", (lines) => Object.assign(lines[0] ?? {}, { migration: 99 }) && 0, /migration 99/],
      [
        "an unknown collection",
        (lines) => edit(lines, "users", (line) => (line.collection = "x")),
        /unknown collection "x"/,
      ],
      [
        "an invalid field",
        (lines) => edit(lines, "users", (line) => (line.record["active"] = "yes")),
        /record\.active/,
      ],
      [
        "an id of another type",
        (lines) => edit(lines, "users", ({ record }) => (record["id"] = "grp_1")),
        /begin with usr_/,
      ],
      [
        "an id that is none",
        (lines) => edit(lines, "users", ({ record }) => (record["id"] = "usr_../x")),
        /record\.id: must be an id/,
      ],
      [
        "an organization of another file",
        (lines) => edit(lines, "users", ({ record }) => (record["organizationId"] = "org_1")),
        /not in the file/,
      ],
      [
        "the tenant of the service",
        (lines) => edit(lines, "users", ({ record }) => (record["organizationId"] = "service")),
        /not in the file/,
      ],
      [
        "an escaped surrogate",
        (lines) => edit(lines, "users", ({ record }) => (record["title"] = "\ud800")),
        /surrogate/,
      ],
      [
        "a record twice",
        (lines) => {
          const at = find(lines, "users");
          lines.splice(at, 0, structuredClone(lines[at] ?? { record: {} }));
          return at + 1;
        },
        /order of the ids/,
      ],
      [
        "a name twice",
        (lines) => {
          const at = find(lines, "users");
          Object.assign(lines[at + 1]?.record ?? {}, { userName: "ADA@EXAMPLE.COM" });
          return at + 1;
        },
        /userName is taken/,
      ],
      [
        "a token with the secret of another one",
        (lines) => {
          const at = find(lines, "tokens");
          Object.assign(lines[at + 1]?.record ?? {}, { secrets: lines[at]?.record["secrets"] });
          return at + 1;
        },
        /secret that another token has/,
      ],
      [
        "a member that does not exist",
        (lines) => editMembers(lines, (members) => members.push("usr_ZZZ")),
        /refers to usr_ZZZ/,
      ],
      [
        "a member of the wrong type",
        (lines) => editMembers(lines, (members) => members.push("tok_1")),
        /user or a group/,
      ],
    ];

    function edit(lines: FileLine[], collection: string, change: (line: FileLine) => unknown): number {
      const at = find(lines, collection);
      change(lines[at] ?? { record: {} });
      return at;
    }

    function editMembers(lines: FileLine[], change: (members: string[]) => unknown): number {
      const at = lines.findIndex((line) => line.memberships);
      change(lines[at]?.memberships?.memberIds ?? []);
      return at;
    }

    for (const [title, change, problem] of cases) {
      it(`names the line of ${title}, and leaves nothing behind`, async () => {
        const lines = toLines(file);
        const at = change(lines);
        const error = await expectRejection(importData(target.store, inParts(seal(lines), 50_000)), "invalid-value");
        expect(error.message)
          .to.match(problem)
          .and.to.match(new RegExp(`^Line ${at + 1} `));
        await expectEmpty(target.store);
      });
    }

    it("notices a changed, a shortened and an extended file", async () => {
      const changed = file.replace("Write notes. ", "Write votes. ");
      const lines = file.split("\n");
      for (const [content, problem] of [
        [changed, /sha256/],
        [lines.slice(0, -2).join("\n"), /no line feed/],
        [`${lines.slice(0, -2).join("\n")}\n`, /ends before its last line/],
        [`${lines.slice(0, -3).join("\n")}\n${lines.slice(-2).join("\n")}`, /sha256/],
        [`${file}{}\n`, /follows the end/],
        ["", /ends before its last line/],
        ["{]\n", /Line 1 is not JSON/],
      ] as const) {
        const error = await expectRejection(importData(target.store, inParts(content, 50_000)), "invalid-value");
        expect(error.message).to.match(problem);
        await expectEmpty(target.store);
      }
    });

    it("rejects bytes that are not UTF-8", async () => {
      const bytes = Buffer.from(file);
      bytes[bytes.indexOf("Ada ")] = 0xff;
      async function* input(): AsyncGenerator<Uint8Array> {
        yield bytes;
      }
      const error = await expectRejection(importData(target.store, input()), "invalid-value");
      expect(error.message).to.match(/not UTF-8/);
    });
  });

  describe("after an interruption", () => {
    /** Imports all but the end of the file, and then ends as a killed process does: without removing anything. */
    const interrupt = async (): Promise<void> => {
      const lines = file.split("\n");
      async function* input(): AsyncGenerator<string> {
        yield `${lines.slice(0, -2).join("\n")}\n`;
        await target.store.close();
      }
      await expectRejection(importData(target.store, input()), "invalid-value");
      await target.reopen();
    };
    const age = (): Promise<unknown> =>
      target.store.transaction(async (tx) => {
        const writer = tx.for(serviceTenant).open(pendingImports);
        const [pending] = (await writer.list({ limit: 1 })).items;
        if (pending) await writer.replace({ ...pending, updatedAt: "2026-01-01T00:00:00.000Z" }, "any");
      });

    it("the service does not start on the store, and its tokens are not valid", async () => {
      await interrupt();
      const error = await assertNoPendingImport(target.store).catch((caught: unknown) => caught);
      expect(error).to.be.instanceOf(StartupError).and.have.property("message").that.contains("gatehouse import");
      expect(await target.store.for(source.organizationId).open(users).count()).to.be.greaterThan(0);
      await withServiceOn(target.store, (client) => client(source.secrets.admin).get("/api/users").expect(401).then());
    });

    it("another import removes what is there and starts again, but not while the first one may run", async () => {
      await interrupt();
      await expectRejection(importData(target.store, inParts(file)), "conflict");
      await age();
      await importData(target.store, inParts(file));
      expect(await exportToString(target.store)).to.equal(file);
      await assertNoPendingImport(target.store);
    });

    it("what is there can be removed", async () => {
      await interrupt();
      await age();
      expect(await discardPendingImports(target.store)).to.equal(1);
      await expectEmpty(target.store);
      await assertNoPendingImport(target.store);
    });
  });
});
