import { expect } from "chai";
import type { AuditEvent } from "../../../schemas/audit-event.ts";
import { mcpServerInput } from "../../../schemas/mcp-server.ts";
import type { Caller } from "../../../src/domain/caller.ts";
import { Catalog } from "../../../src/domain/catalog/catalog.ts";
import { commandType, mcpServerType, skillType, toolkitType } from "../../../src/domain/catalog/resource-types.ts";
import { CascadeDeletes, enqueueCascadeDelete, settledAfterMs } from "../../../src/domain/cleanup/cascade-deletes.ts";
import { Groups } from "../../../src/domain/directory/groups.ts";
import { Users } from "../../../src/domain/directory/users.ts";
import { newEntity } from "../../../src/domain/entity.ts";
import {
  auditEvents,
  collections,
  commands,
  connections,
  exchanges,
  cascadeDeletes as pendingRecords,
  serviceTenant,
  skills,
  toolkits,
} from "../../../src/store/collections.ts";
import type { Condition } from "../../../src/store/query.ts";
import type { Entity } from "../../../src/store/record.ts";
import type { CollectionDefinition } from "../../../src/store/store.ts";
import { describeOnEngines } from "../../store/engines.fixture.ts";
import type { TestStore } from "../../store/test-store.fixture.ts";

describeOnEngines("Orphans of a removed user or MCP server", (open) => {
  const organizationId = "org_left";
  const caller: Caller = { actor: { type: "operator" }, organizationId, scopes: new Set() };
  let testStore: TestStore;
  let cascadeDeletes: CascadeDeletes;
  let users: Users;
  before(async () => {
    testStore = await open({ collections });
    cascadeDeletes = new CascadeDeletes(testStore.store);
    users = new Users(testStore.store, cascadeDeletes);
  });
  after(() => testStore.dispose());

  const afterSettling = () => new Date(Date.now() + settledAfterMs + 1);
  const servers = () => new Catalog(testStore.store, cascadeDeletes, mcpServerType);
  const createServer = async (slug: string): Promise<string> => {
    const content = mcpServerInput.parse({ slug, name: slug, transport: "http", url: "https://mcp.example" });
    return (await servers().create(caller, content)).id;
  };
  const connect = (userId: string, serverIds: readonly string[], tenant = organizationId): Promise<void> =>
    testStore.store.transaction(async (transaction) => {
      for (const mcpServerId of serverIds) {
        const entity = newEntity("con", tenant);
        await transaction
          .for(tenant)
          .open(connections)
          .insert({
            ...entity,
            ...{ userId, mcpServerId, mcpServer: "any", connectedAt: entity.createdAt, status: "connected" },
            lookup: { key: `${userId}/${mcpServerId}` },
          });
      }
    });
  const countRemaining = (path: "userId" | "mcpServerId", value: string, tenant = organizationId): Promise<number> =>
    testStore.store.for(tenant).open(connections).count({ op: "eq", path, value });
  const countOwned = async (ownerId: string): Promise<number[]> => {
    const tenant = testStore.store.for(organizationId);
    const where = { op: "eq", path: "ownerId", value: ownerId } as const;
    const kinds: readonly CollectionDefinition<Entity>[] = [toolkits, skills, commands];
    return Promise.all(kinds.map((each) => tenant.open(each).count(where)));
  };
  /** Simulates a crash after the removal: the cascade delete is enqueued, and nothing was swept. */
  const enqueueOnly = (subjectId: string) =>
    testStore.store.transaction((transaction) => enqueueCascadeDelete(transaction, caller, subjectId));

  const readEvents = async (where: Condition): Promise<readonly AuditEvent[]> =>
    (await testStore.store.for(organizationId).open(auditEvents).list({ where, limit: 1000 })).items;
  const addExchange = (userId: string): Promise<void> => {
    const entity = newEntity("exc", organizationId);
    const [refreshExpiresAt, expiresAt] = [entity.createdAt, entity.createdAt];
    const hashes = { familyHash: `hash-of-family-${entity.id}`, refreshHash: `hash-of-token-${entity.id}` };
    const family = {
      ...entity,
      userId,
      tokenId: "tok_x",
      exchangedBy: "tok_y",
      ...hashes,
      refreshExpiresAt,
      expiresAt,
    };
    return testStore.store.transaction((transaction) => transaction.for(organizationId).open(exchanges).insert(family));
  };

  const createUserWithResources = async (userName: string): Promise<string> => {
    const { id } = await users.create(caller, { userName });
    const owner = { id, canReference: () => true };
    const unassigned = { everyone: false, groups: [], users: [] };
    for (let at = 0; at < 21; at++) {
      const slug = `own-${at}`;
      const skill = { slug, name: slug, content: "# Own", assignment: unassigned };
      await new Catalog(testStore.store, cascadeDeletes, skillType).create(caller, skill, owner);
    }
    const toolkit = { slug: "own", name: "Own", entries: [], skills: ["own-0"], commands: [], leastPrivilege: false };
    const command = { slug: "own", name: "Own", template: "Hi", arguments: [], active: true, assignment: unassigned };
    await new Catalog(testStore.store, cascadeDeletes, commandType).create(caller, command, owner);
    await new Catalog(testStore.store, cascadeDeletes, toolkitType).create(
      caller,
      { ...toolkit, assignment: unassigned },
      owner,
    );
    return id;
  };

  it("include the connections, toolkits, skills and commands of the user, and no other user's", async () => {
    const [ada, bob] = [await createUserWithResources("ada"), await createUserWithResources("bob")];
    const server = await createServer("one");
    for (const id of [ada, bob]) await connect(id, [server]);
    await users.remove(caller, ada, undefined);
    expect([await countRemaining("userId", ada), await countOwned(ada)]).to.deep.equal([0, [0, 0, 0]]);
    expect([await countRemaining("userId", bob), await countOwned(bob)]).to.deep.equal([1, [1, 21, 1]]);
  });

  it("have an audit event each, without secrets, whose actor is who removed the user or server", async () => {
    const admin = {
      ...caller,
      actor: { type: "token", id: "tok_admin" } as const,
      requestId: "req_1",
      ip: "192.0.2.1",
    };
    const user = await createUserWithResources("audited");
    const [server, other] = [await createServer("audited"), await createServer("unaffected")];
    await connect(user, [other]);
    await connect("usr_5", [server]);
    await addExchange(user);
    const group = await new Groups(testStore.store, cascadeDeletes).create(caller, { displayName: "Audited" }, [user]);
    await users.remove(admin, user, undefined);
    await servers().remove(admin, "audited", {});

    const events = await readEvents({ op: "eq", path: "actor.id", value: "tok_admin" });
    const count = (action: string): number => events.filter((event) => event.action === action).length;
    expect(
      ["connection.delete", "toolkit.delete", "skill.delete", "command.delete", "exchange.delete"].map(count),
    ).to.deep.equal([2, 1, 21, 1, 1]);
    for (const { requestId, ip } of events) expect([requestId, ip]).to.deep.equal(["req_1", "192.0.2.1"]);
    const skill = events.find(({ action }) => action === "skill.delete");
    expect(skill?.details).to.deep.equal({ ownerId: user, removedWith: user });
    expect(skill?.before).to.include({ content: "# Own" });
    const connection = events.findLast(({ action }) => action === "connection.delete");
    expect(connection?.details).to.deep.equal({ removedWith: server });
    expect(connection?.before).to.include({ userId: "usr_5", mcpServerId: server });
    const membership = events.find(({ action }) => action === "group.members.change");
    expect(membership).to.deep.include({
      target: { type: "group", id: group.id },
      details: { removed: [user], removedWith: user },
    });
    expect(JSON.stringify(events)).to.not.include("hash-of-");
  });

  it("have audit events of the service if an earlier version enqueued the removal", async () => {
    const user = await createUserWithResources("earlier");
    const { requestedBy: _, ...earlier } = await enqueueOnly(user);
    await testStore.store.transaction((transaction) =>
      transaction.for(serviceTenant).open(pendingRecords).replace(earlier, "any"),
    );
    await new CascadeDeletes(testStore.store).flush();
    const events = await readEvents({ op: "eq", path: "action", value: "toolkit.delete" });
    expect(events.filter(({ details }) => details?.["removedWith"] === user)).to.have.length(1);
    expect(events.at(-1)?.actor).to.deep.equal({ type: "service" });
  });

  it("include the connections to the server, and to no other", async () => {
    const [gone, stays] = [await createServer("gone"), await createServer("stays")];
    for (const userId of ["usr_1", "usr_2"]) await connect(userId, [gone, stays]);
    await servers().remove(caller, "gone", {});
    expect([await countRemaining("mcpServerId", gone), await countRemaining("mcpServerId", stays)]).to.deep.equal([
      0, 2,
    ]);
  });

  it("are removed at the next startup after a crash", async () => {
    const eve = await createUserWithResources("eve");
    const server = await createServer("crash");
    await connect(eve, ["srv_any"]);
    await connect("usr_3", [server]);
    await enqueueOnly(eve);
    await enqueueOnly(server);
    expect([await countRemaining("userId", eve), await countRemaining("mcpServerId", server)]).to.deep.equal([1, 1]);
    await new CascadeDeletes(testStore.store).flush();
    expect([await countRemaining("userId", eve), await countOwned(eve)]).to.deep.equal([0, [0, 0, 0]]);
    expect(await countRemaining("mcpServerId", server)).to.equal(0);
  });

  it("are removed in several sweeps if they do not fit into one", async () => {
    const server = await createServer("popular");
    for (let from = 0; from < 1100; from += 275) {
      await testStore.store.transaction(async (transaction) => {
        for (let at = from; at < from + 275; at++) {
          const entity = newEntity("con", organizationId);
          const userId = `usr_p${at}`;
          await transaction
            .for(organizationId)
            .open(connections)
            .insert({
              ...entity,
              ...{ userId, mcpServerId: server, mcpServer: "popular", connectedAt: entity.createdAt },
              status: "connected",
              lookup: { key: `${userId}/${server}` },
            });
        }
      });
    }
    const timeLimited = new CascadeDeletes(testStore.store, 0);
    await new Catalog(testStore.store, timeLimited, mcpServerType).remove(caller, "popular", {});
    const counts = [await countRemaining("mcpServerId", server)];
    while (counts.at(-1) !== 0) {
      await timeLimited.flush();
      counts.push(await countRemaining("mcpServerId", server));
    }
    expect(counts).to.deep.equal([600, 100, 0]);
  });

  it("are removed once the removal has settled if they were added concurrently", async () => {
    const user = await createUserWithResources("late");
    const server = await createServer("late");
    await users.remove(caller, user, undefined);
    await servers().remove(caller, "late", {});
    await connect(user, ["srv_other", server]);
    await cascadeDeletes.flush(afterSettling());
    expect([await countRemaining("userId", user), await countRemaining("mcpServerId", server)]).to.deep.equal([0, 0]);
  });

  it("are kept if another organization removed a subject with the same id", async () => {
    const server = await createServer("shared");
    await connect("usr_4", [server]);
    await connect("usr_4", [server], "org_right");
    await testStore.store.transaction((transaction) =>
      enqueueCascadeDelete(transaction, { ...caller, organizationId: "org_right" }, server),
    );
    await new CascadeDeletes(testStore.store).flush();
    expect([
      await countRemaining("mcpServerId", server),
      await countRemaining("mcpServerId", server, "org_right"),
    ]).to.deep.equal([1, 0]);
  });
});
