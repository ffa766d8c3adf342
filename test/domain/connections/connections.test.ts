import { expect } from "chai";
import { type McpServer, mcpServerInput } from "../../../schemas/mcp-server.ts";
import { Access } from "../../../src/domain/access/access.ts";
import type { Caller } from "../../../src/domain/caller.ts";
import { Catalogue } from "../../../src/domain/catalogue/catalogue.ts";
import { mcpServerKind } from "../../../src/domain/catalogue/kinds.ts";
import { Authorizations } from "../../../src/domain/connections/authorizations.ts";
import { Connections } from "../../../src/domain/connections/connections.ts";
import { SigningKey } from "../../../src/domain/connections/signing-key.ts";
import { Users } from "../../../src/domain/people/users.ts";
import { Purges } from "../../../src/domain/purges/purges.ts";
import { collections, connections as records } from "../../../src/store/collections.ts";
import { engines } from "../../store/engines.ts";
import type { Opened } from "../../store/opened.ts";
import { refusalOf } from "../opened.ts";

/** What the doors cannot be made to do in time: changes beside a removal. */
for (const { name, open } of engines) {
  describe(`A connection beside the removal of what it belongs to, on ${name}`, () => {
    const organizationId = "org_beside";
    const caller: Caller = { actor: { type: "operator" }, organizationId, scopes: new Set() };
    let opened: Opened;
    let users: Users;
    let servers: Catalogue<McpServer>;
    let connections: Connections;
    before(async () => {
      opened = await open({ collections });
      const purges = new Purges(opened.store);
      users = new Users(opened.store, purges);
      servers = new Catalogue(opened.store, purges, mcpServerKind);
      const authorizations = new Authorizations(new SigningKey(opened.store, "test"));
      connections = new Connections(opened.store, servers, authorizations);
    });
    after(() => opened.dispose());

    const serverNamed = (slug: string): Promise<McpServer> => {
      const reached = { status: "active", assignment: { everyone: true } };
      const content = { slug, name: slug, transport: "http", url: "https://mcp.example", ...reached };
      return servers.create(caller, mcpServerInput.parse(content));
    };
    const userNamed = async (userName: string): Promise<string> => (await users.create(caller, { userName })).id;
    const left = (): Promise<number> => opened.store.for(organizationId).open(records).count();

    it("is not made for a user who has gone since the request began", async () => {
      await serverNamed("one");
      const id = await userNamed("ada");
      const standing = await new Access(opened.store).standing(organizationId, id);
      await users.remove(caller, id, undefined);
      await refusalOf(connections.put(caller, standing, "one", {}, { status: "connected" }), "not-found");
      expect(await left()).to.equal(0);
    });

    it("is not left by changes that race with the removal of the server: each is refused, or swept", async () => {
      const id = await userNamed("bob");
      const standing = await new Access(opened.store).standing(organizationId, id);
      for (let round = 0; round < 10; round++) {
        const slug = `racing-${round}`;
        await serverNamed(slug);
        const put = connections.put(caller, standing, slug, {}, { status: "connected" });
        const [made] = await Promise.allSettled([put, servers.remove(caller, slug, {})]);
        if (made.status === "rejected") expect(made.reason).to.include({ fault: "not-found" });
        await new Purges(opened.store).flush();
        expect(await left(), `round ${round}`).to.equal(0);
      }
    });
  });
}
