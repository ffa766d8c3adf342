import { join } from "node:path";
import { expect } from "chai";
import { operatorActor } from "../../../src/domain/audit/record.ts";
import { enqueueCascadeDelete } from "../../../src/domain/cleanup/cascade-deletes.ts";
import { newEntity } from "../../../src/domain/entity.ts";
import { importData } from "../../../src/domain/transfer/import.ts";
import { startPendingImport } from "../../../src/domain/transfer/pending-import.ts";
import { verifyStore } from "../../../src/domain/verify/verify.ts";
import type { Violation } from "../../../src/domain/verify/violation.ts";
import {
  auditEvents,
  collections,
  connections,
  contentSizes,
  groups,
  legacyTokenMarkers,
  mcpServers,
  serviceTenant,
  skills,
  tokens,
  toolkits,
  upstreamCredentials,
  users,
} from "../../../src/store/collections.ts";
import type { Entity } from "../../../src/store/record.ts";
import { SqliteConnection } from "../../../src/store/sqlite/driver.ts";
import type { CollectionDefinition, Tenant, Transaction } from "../../../src/store/store.ts";
import { describeOnEngines } from "../../store/engines.fixture.ts";
import { openSqliteTestStore, type SqliteTestStore } from "../../store/sqlite/sqlite.fixture.ts";
import { exportToString, type FilledStore, inParts, openFilledStore } from "../transfer/filled-store.fixture.ts";

type Found = readonly Pick<Violation, "violation" | "collection" | "id">[];

describeOnEngines("verify", (open) => {
  let filled: FilledStore;
  beforeEach(async () => {
    filled = await openFilledStore(open);
  });
  afterEach(() => filled.dispose());

  const verify = async (): Promise<Found> => {
    const found: Violation[] = [];
    const summary = await verifyStore(filled.store, async (violation) => void found.push(violation));
    expect(Object.values(summary.violations).reduce((sum, count) => sum + count, 0)).to.equal(found.length);
    return found.map(({ violation, collection, id }) => ({ violation, collection, id }));
  };
  const change = (work: (tenant: Tenant<"write">, tx: Transaction) => Promise<unknown>): Promise<unknown> =>
    filled.store.transaction((tx) => work(tx.for(filled.organizationId), tx));
  const readFirst = async <T extends Entity>(
    tenant: Tenant<"write">,
    definition: CollectionDefinition<T>,
  ): Promise<T> => {
    const [record] = (await tenant.open(definition).list({ limit: 1 })).items;
    if (!record) throw new Error(`${definition.name} is empty`);
    return record;
  };
  /** Replaces fields of the first record of a collection, with search fields that fit or not. */
  const patchFirst = async (
    definition: CollectionDefinition<Entity>,
    fields: object,
    searchFields?: object,
  ): Promise<string> => {
    let id = "";
    await change(async (tenant) => {
      const stored = await filled.store.snapshot(async (snapshot) => {
        const reader = snapshot.for(filled.organizationId);
        const [record] = (await reader.open(definition).list({ limit: 1 })).items;
        id = record?.id ?? "";
        const name = definition.searchFields;
        const current = name === undefined ? {} : { [name]: (await reader.searchFields(definition, [id])).get(id) };
        return { ...record, ...current };
      });
      await tenant.open(definition).replace({ ...stored, ...fields, ...searchFields } as unknown as Entity, "any");
    });
    return id;
  };

  it("finds nothing in a store that only the service has changed", async () => {
    expect(await verify()).to.deep.equal([]);
    const { counts } = { counts: await verifyStore(filled.store, async () => undefined) };
    expect(counts.records).to.include({ users: 3, groups: 2, memberships: 4, tokens: 5, skills: 2 });
  });

  it("finds nothing after an import, also without the logs", async () => {
    const target = await open({ collections });
    await importData(
      target.store,
      inParts(await exportToString(filled.store, { hasLogs: false, hasCredentials: false })),
    );
    const { violations } = await verifyStore(target.store, async () => undefined);
    expect(violations).to.deep.equal({});
    await target.dispose();
  });

  it("schema: a field of another type", async () => {
    const id = await patchFirst(users, { externalId: 5 });
    expect(await verify()).to.deep.equal([{ violation: "schema", collection: "users", id }]);
  });

  it("search-fields: a name that filters do not find", async () => {
    const id = await patchFirst(groups, { displayName: "Renamed" });
    expect(await verify()).to.deep.equal([{ violation: "search-fields", collection: "groups", id }]);
  });

  it("organization-missing: records of an organization that does not exist", async () => {
    const organizationId = "org_NONE";
    const event = {
      ...newEntity("aud", organizationId),
      action: "user.update",
      outcome: "success",
      ...operatorActor,
    } as const;
    await filled.store.transaction((tx) => tx.for(organizationId).open(auditEvents).insert(event));
    expect(await verify()).to.deep.equal([
      { violation: "organization-missing", collection: "organizations", id: organizationId },
    ]);
  });

  it("import-unfinished: an import that has not ended", async () => {
    await filled.store.transaction((tx) => startPendingImport(tx, []));
    expect(await verify()).to.have.nested.property("[0].violation", "import-unfinished");
  });

  it("reference-missing: connections, credentials, personal tokens and skills of what does not exist", async () => {
    let removed: { server: string; user: string } = { server: "", user: "" };
    await change(async (tenant) => {
      const { userId, mcpServerId } = await readFirst(tenant, connections);
      await tenant.open(mcpServers).remove(mcpServerId, "any");
      await tenant.open(users).remove(userId, "any");
      removed = { server: mcpServerId, user: userId };
    });
    const found = await verify();
    const collectionsOf = (kind: string) =>
      new Set(found.filter(({ violation }) => violation === kind).map(({ collection }) => collection));
    expect([...collectionsOf("reference-missing")]).to.have.members([
      ...["tokens", "toolkits", "skills", "connections", "upstream_credentials"],
    ]);
    expect([...collectionsOf("membership-end-missing")]).to.deep.equal(["memberships"]);
    await change(async (tenant, tx) => {
      const requestedBy = { ...operatorActor, organizationId: tenant.organizationId };
      for (const id of Object.values(removed)) await enqueueCascadeDelete(tx, requestedBy, id);
    });
    const rest = (await verify()).filter(({ violation }) => violation === "reference-missing");
    // Cleanups that are pending remove the others. A toolkit blocks the deletion of a server, and its credential goes with it.
    expect(rest.map(({ collection }) => collection)).to.deep.equal(["toolkits"]);
  });

  it("reference-missing: a credential of a connection that does not exist", async () => {
    const credential = { holderId: "con_NONE", origin: "https://jira.example", keyId: "k", ciphertext: "c" };
    await change((tenant) =>
      tenant.open(upstreamCredentials).insert({ ...newEntity("crd", tenant.organizationId), ...credential }),
    );
    expect(await verify()).to.have.nested.property("[0].collection", "upstream_credentials");
  });

  it("reference-missing: a toolkit that names a skill that does not exist", async () => {
    const id = await patchFirst(
      toolkits,
      { skills: ["none"], entries: [], commands: [] },
      { lookup: { key: "work", audience: [], references: [{ to: "skill:none" }] } },
    );
    expect(await verify()).to.deep.equal([{ violation: "reference-missing", collection: "toolkits", id }]);
  });

  it("membership-end-missing and membership-cycle: members that do not exist, and a group in itself", async () => {
    let id = "";
    await change(async (tenant) => {
      ({ id } = await readFirst(tenant, groups));
      await tenant.memberships.add(id, ["usr_NONE", id]);
    });
    expect(await verify()).to.have.deep.members([
      { violation: "membership-end-missing", collection: "memberships", id: `${id} usr_NONE` },
      { violation: "membership-cycle", collection: "memberships", id: `${id} ${id}` },
    ]);
  });

  it("parent-invalid: an active derived token without its root", async () => {
    const id = await patchFirst(tokens, { parentId: "tok_NONE" });
    expect(await verify()).to.deep.equal([{ violation: "parent-invalid", collection: "tokens", id }]);
  });

  it("legacy-marker-missing: an imported secret that no request looks up", async () => {
    await filled.store.transaction(async (tx) => {
      const markers = tx.for(serviceTenant).open(legacyTokenMarkers);
      for (const { id } of (await markers.list({ limit: 10 })).items) await markers.remove(id, "any");
    });
    expect(await verify()).to.have.nested.property("[0].violation", "legacy-marker-missing");
  });

  it("content-size: a stored size that differs from the resources", async () => {
    await change(async (tenant) => {
      const { id } = await readFirst(tenant, contentSizes);
      await tenant.open(contentSizes).increment(id, { length: 5 });
    });
    expect(await verify()).to.have.nested.property("[0].violation", "content-size");
  });

  it("audit-event-missing: a change that no event records", async () => {
    const id = await patchFirst(skills, { updatedAt: "2099-01-01T00:00:00.000Z", version: 2 });
    expect(await verify()).to.deep.equal([{ violation: "audit-event-missing", collection: "skills", id }]);
  });
});

describe("verify of a damaged SQLite file", () => {
  it("duplicate and count: two groups with one name, and a stored count that is wrong", async () => {
    const filled = (await openFilledStore(openSqliteTestStore)) as FilledStore & SqliteTestStore;
    // The service would not start on such a file, because it could not build the index again.
    const connection = new SqliteConnection(join(filled.dataDir, "gatehouse.db"));
    connection.exec(`DROP INDEX groups_p_normalized_displayName;
      UPDATE groups SET body = json_set(body, '$.displayName', 'Same'), normalized = json_set(normalized, '$.displayName', 'same');
      UPDATE record_counts SET n = n + 1 WHERE collection = 'skills' AND organization_id = '${filled.organizationId}'`);
    connection.close();
    const found: Violation[] = [];
    await verifyStore(filled.store, async (violation) => void found.push(violation));
    expect(found.map(({ violation, collection }) => `${collection} ${violation}`)).to.deep.equal([
      ...["groups duplicate", "groups duplicate", "skills count"],
    ]);
    await filled.dispose();
  });
});
