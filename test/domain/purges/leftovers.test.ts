import { expect } from "chai";
import { mcpServerInput } from "../../../schemas/mcp-server.ts";
import type { Caller } from "../../../src/domain/caller.ts";
import { Catalogue } from "../../../src/domain/catalogue/catalogue.ts";
import { commandKind, mcpServerKind, skillKind, toolkitKind } from "../../../src/domain/catalogue/kinds.ts";
import { newEntity } from "../../../src/domain/entity.ts";
import { Users } from "../../../src/domain/people/users.ts";
import { announcePurge, Purges, settledMs } from "../../../src/domain/purges/purges.ts";
import type { CollectionDefinition, Entity } from "../../../src/store/collection.ts";
import { collections, commands, connections, skills, toolkits } from "../../../src/store/collections.ts";
import { engines } from "../../store/engines.ts";
import type { Opened } from "../../store/opened.ts";

/** What goes with a user, and with an MCP server. */
for (const { name, open } of engines) {
  describe(`What a removed user or MCP server leaves behind, on ${name}`, () => {
    const organizationId = "org_left";
    const caller: Caller = { actor: { type: "operator" }, organizationId, scopes: new Set() };
    let opened: Opened;
    let purges: Purges;
    let users: Users;
    before(async () => {
      opened = await open({ collections });
      purges = new Purges(opened.store);
      users = new Users(opened.store, purges);
    });
    after(() => opened.dispose());

    const settled = () => new Date(Date.now() + settledMs + 1);
    const servers = () => new Catalogue(opened.store, purges, mcpServerKind);
    const serverNamed = async (slug: string): Promise<string> => {
      const content = mcpServerInput.parse({ slug, name: slug, transport: "http", url: "https://mcp.example" });
      return (await servers().create(caller, content)).id;
    };
    const connect = (userId: string, serverIds: readonly string[], tenant = organizationId): Promise<void> =>
      opened.store.transaction(async (change) => {
        for (const mcpServerId of serverIds) {
          const made = newEntity("con", tenant);
          await change
            .for(tenant)
            .open(connections)
            .insert({
              ...made,
              ...{ userId, mcpServerId, mcpServer: "any", connectedAt: made.createdAt, status: "connected" },
              asked: { key: `${userId}/${mcpServerId}` },
            });
        }
      });
    const left = (path: "userId" | "mcpServerId", value: string, tenant = organizationId): Promise<number> =>
      opened.store.for(tenant).open(connections).count({ op: "eq", path, value });
    const own = async (ownerId: string): Promise<number[]> => {
      const tenant = opened.store.for(organizationId);
      const where = { op: "eq", path: "ownerId", value: ownerId } as const;
      const kinds: readonly CollectionDefinition<Entity>[] = [toolkits, skills, commands];
      return Promise.all(kinds.map((each) => tenant.open(each).count(where)));
    };
    /** As a crash leaves it: the removal is committed with its note, and nothing was swept. */
    const cutShort = (subjectId: string) =>
      opened.store.transaction((change) => announcePurge(change, organizationId, subjectId));

    const withOwnThings = async (userName: string): Promise<string> => {
      const { id } = await users.create(caller, { userName });
      const owner = { id, mayName: () => true };
      const nobody = { everyone: false, groups: [], users: [] };
      for (let at = 0; at < 21; at++) {
        const slug = `own-${at}`;
        const skill = { slug, name: slug, content: "# Own", assignment: nobody };
        await new Catalogue(opened.store, purges, skillKind).create(caller, skill, owner);
      }
      const toolkit = { slug: "own", name: "Own", entries: [], skills: ["own-0"], commands: [], leastPrivilege: false };
      const command = { slug: "own", name: "Own", template: "Hi", arguments: [], active: true, assignment: nobody };
      await new Catalogue(opened.store, purges, commandKind).create(caller, command, owner);
      await new Catalogue(opened.store, purges, toolkitKind).create(caller, { ...toolkit, assignment: nobody }, owner);
      return id;
    };

    it("goes with a user: connections, own toolkits, skills and commands, and nobody else's", async () => {
      const [ada, bob] = [await withOwnThings("ada"), await withOwnThings("bob")];
      const server = await serverNamed("one");
      for (const id of [ada, bob]) await connect(id, [server]);
      await users.remove(caller, ada, undefined);
      expect([await left("userId", ada), await own(ada)]).to.deep.equal([0, [0, 0, 0]]);
      expect([await left("userId", bob), await own(bob)]).to.deep.equal([1, [1, 21, 1]]);
    });

    it("goes with a server: the connections to it, and to no other", async () => {
      const [gone, stays] = [await serverNamed("gone"), await serverNamed("stays")];
      for (const userId of ["usr_1", "usr_2"]) await connect(userId, [gone, stays]);
      await servers().remove(caller, "gone", {});
      expect([await left("mcpServerId", gone), await left("mcpServerId", stays)]).to.deep.equal([0, 2]);
    });

    it("goes after a crash, at the next start", async () => {
      const eve = await withOwnThings("eve");
      const server = await serverNamed("crash");
      await connect(eve, ["srv_any"]);
      await connect("usr_3", [server]);
      await cutShort(eve);
      await cutShort(server);
      expect([await left("userId", eve), await left("mcpServerId", server)]).to.deep.equal([1, 1]);
      await new Purges(opened.store).flush();
      expect([await left("userId", eve), await own(eve)]).to.deep.equal([0, [0, 0, 0]]);
      expect(await left("mcpServerId", server)).to.equal(0);
    });

    it("goes in turns where it is more than fits into one, and all of it in the end", async () => {
      const server = await serverNamed("popular");
      for (let from = 0; from < 1100; from += 275) {
        await opened.store.transaction(async (change) => {
          for (let at = from; at < from + 275; at++) {
            const made = newEntity("con", organizationId);
            const userId = `usr_p${at}`;
            await change
              .for(organizationId)
              .open(connections)
              .insert({
                ...made,
                ...{ userId, mcpServerId: server, mcpServer: "popular", connectedAt: made.createdAt },
                status: "connected",
                asked: { key: `${userId}/${server}` },
              });
          }
        });
      }
      const hasty = new Purges(opened.store, 0);
      await new Catalogue(opened.store, hasty, mcpServerKind).remove(caller, "popular", {});
      const counts = [await left("mcpServerId", server)];
      while (counts.at(-1) !== 0) {
        await hasty.flush();
        counts.push(await left("mcpServerId", server));
      }
      expect(counts).to.deep.equal([600, 100, 0]);
    });

    it("goes once the removal has settled where it was added beside it", async () => {
      const user = await withOwnThings("late");
      const server = await serverNamed("late");
      await users.remove(caller, user, undefined);
      await servers().remove(caller, "late", {});
      await connect(user, ["srv_other", server]);
      await purges.flush(settled());
      expect([await left("userId", user), await left("mcpServerId", server)]).to.deep.equal([0, 0]);
    });

    it("stays where another organisation has removed something of the same id", async () => {
      const server = await serverNamed("shared");
      await connect("usr_4", [server]);
      await connect("usr_4", [server], "org_right");
      await opened.store.transaction((change) => announcePurge(change, "org_right", server));
      await new Purges(opened.store).flush();
      expect([await left("mcpServerId", server), await left("mcpServerId", server, "org_right")]).to.deep.equal([1, 0]);
    });
  });
}
