import { expect } from "chai";
import { type McpServer, mcpServerInput } from "../../../schemas/mcp-server.ts";
import { AccessResolver } from "../../../src/domain/access/access-resolver.ts";
import type { Caller } from "../../../src/domain/caller.ts";
import { Catalog } from "../../../src/domain/catalog/catalog.ts";
import { mcpServerType } from "../../../src/domain/catalog/resource-types.ts";
import { CascadeDeletes } from "../../../src/domain/cleanup/cascade-deletes.ts";
import { Authorizations } from "../../../src/domain/connections/authorizations.ts";
import { McpConnections } from "../../../src/domain/connections/connections.ts";
import { SigningKey } from "../../../src/domain/connections/signing-key.ts";
import { CredentialCipher } from "../../../src/domain/credentials/credential-cipher.ts";
import { Users } from "../../../src/domain/directory/users.ts";
import { AuthorizationRequests } from "../../../src/domain/oauth/authorization-requests.ts";
import { collections, connections as records } from "../../../src/store/collections.ts";
import { describeOnEngines } from "../../store/engines.fixture.ts";
import type { TestStore } from "../../store/test-store.fixture.ts";
import { expectRejection } from "../domain.fixture.ts";

/** Tests changes concurrent with a removal, whose timing the APIs cannot control. */
describeOnEngines("Connection with a concurrent removal of its user or server", (open) => {
  const organizationId = "org_beside";
  const caller: Caller = { actor: { type: "operator" }, organizationId, scopes: new Set() };
  let testStore: TestStore;
  let users: Users;
  let servers: Catalog<McpServer>;
  let connections: McpConnections;
  before(async () => {
    testStore = await open({ collections });
    const cascadeDeletes = new CascadeDeletes(testStore.store);
    users = new Users(testStore.store, cascadeDeletes);
    servers = new Catalog(testStore.store, cascadeDeletes, mcpServerType);
    const authorizations = new Authorizations({
      key: new SigningKey(testStore.store, "test"),
      requests: new AuthorizationRequests(testStore.store, new CredentialCipher([])),
      publicUrl: "https://gatehouse.example",
    });
    connections = new McpConnections(testStore.store, servers, authorizations);
  });
  after(() => testStore.dispose());

  const createServer = (slug: string): Promise<McpServer> => {
    const access = { status: "active", assignment: { everyone: true } };
    const content = { slug, name: slug, transport: "http", url: "https://mcp.example", ...access };
    return servers.create(caller, mcpServerInput.parse(content));
  };
  const createUser = async (userName: string): Promise<string> => (await users.create(caller, { userName })).id;
  const countConnections = (): Promise<number> => testStore.store.for(organizationId).open(records).count();

  it("is not created for a user who was removed after the request began", async () => {
    await createServer("one");
    const id = await createUser("ada");
    const effectiveAccess = await new AccessResolver(testStore.store).resolve(organizationId, id);
    await users.remove(caller, id, undefined);
    await expectRejection(connections.put(caller, effectiveAccess, "one", {}, { status: "connected" }), "not-found");
    expect(await countConnections()).to.equal(0);
  });

  it("is rejected or swept when it races with the removal of the server", async () => {
    const id = await createUser("bob");
    const effectiveAccess = await new AccessResolver(testStore.store).resolve(organizationId, id);
    for (let round = 0; round < 10; round++) {
      const slug = `racing-${round}`;
      await createServer(slug);
      const put = connections.put(caller, effectiveAccess, slug, {}, { status: "connected" });
      const [putResult] = await Promise.allSettled([put, servers.remove(caller, slug, {})]);
      if (putResult.status === "rejected") expect(putResult.reason).to.include({ code: "not-found" });
      await new CascadeDeletes(testStore.store).flush();
      expect(await countConnections(), `round ${round}`).to.equal(0);
    }
  });
});
