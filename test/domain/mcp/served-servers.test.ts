import { expect } from "chai";
import type { McpServer, Tool } from "../../../schemas/mcp-server.ts";
import { mcpServerType, withLookup } from "../../../src/domain/catalog/resource-types.ts";
import { type ServedServer, ServedServers } from "../../../src/domain/mcp/served-servers.ts";
import { ToolQuarantine } from "../../../src/domain/mcp/tool-definition.ts";
import { mcpServers } from "../../../src/store/collections.ts";
import { describeOnEngines } from "../../store/engines.fixture.ts";
import type { TestStore } from "../../store/test-store.fixture.ts";

describeOnEngines("ServedServers", (open) => {
  let opened: TestStore;
  let kept: ServedServers;
  before(async () => {
    opened = await open({ collections: [mcpServers] });
    kept = new ServedServers(opened.store, new ToolQuarantine());
  });
  after(() => opened.dispose());

  let organizations = 0;
  const newOrganization = (): string => `org_${++organizations}`;
  const describeServer = (organizationId: string, id: string, description: string, fields: Partial<McpServer> = {}) =>
    withLookup(
      {
        ...{ id: `srv_${id}`, organizationId, version: 1, slug: id, name: id, status: "active", transport: "http" },
        ...{ createdAt: "2026-01-01T00:00:00.000Z", updatedAt: "2026-01-01T00:00:00.000Z", labels: {} },
        ...{ url: "https://example.com", auth: { type: "none" } },
        assignment: { everyone: true, groups: [], users: [] },
        tools: [{ name: "tool", description, risk: "read", enabled: true } satisfies Tool],
        ...fields,
      } as unknown as McpServer,
      mcpServerType,
    );
  const write = (server: ReturnType<typeof describeServer>, kind: "insert" | "replace") =>
    opened.store.transaction(async (change) => {
      const writer = change.for(server.organizationId).open(mcpServers);
      await (kind === "insert" ? writer.insert(server) : writer.replace(server, "any"));
    });
  const remove = (organizationId: string, id: string) =>
    opened.store.transaction(async (change) => {
      await change.for(organizationId).open(mcpServers).remove(`srv_${id}`, "any");
    });
  const list = async (organizationId: string, servers = kept): Promise<readonly ServedServer[]> => {
    const found: ServedServer[] = [];
    for (let isCut: boolean | undefined = true; isCut; ) {
      const last = found.at(-1);
      const page = await servers.open(organizationId).list({ limit: 50, ...(last && { after: { id: last.id } }) });
      found.push(...page.items);
      ({ isCut } = page);
    }
    return found;
  };
  const textsIn = async (organizationId: string): Promise<readonly string[]> =>
    (await list(organizationId)).flatMap(({ tools }) => tools.map((tool) => tool.toText()));
  const descriptionsIn = async (organizationId: string): Promise<readonly unknown[]> =>
    (await textsIn(organizationId)).map((text) => JSON.parse(text).description);

  it("returns one object for a version of a server, and what is stored after each insertion, change and removal", async () => {
    const organizationId = newOrganization();
    await write(describeServer(organizationId, "a", "first"), "insert");
    const [first] = await list(organizationId);
    expect((await list(organizationId))[0]).to.equal(first);
    await write(describeServer(organizationId, "b", "second"), "insert");
    await write(describeServer(organizationId, "0", "zeroth"), "insert");
    expect(await descriptionsIn(organizationId)).to.deep.equal(["zeroth", "first", "second"]);
    await write(describeServer(organizationId, "a", "changed", { version: 2 }), "replace");
    expect(await descriptionsIn(organizationId)).to.deep.equal(["zeroth", "changed", "second"]);
    await remove(organizationId, "0");
    expect(await descriptionsIn(organizationId)).to.deep.equal(["changed", "second"]);
  });

  it("never returns the server of another organization, even for the same id, version and time", async () => {
    const [one, other] = [newOrganization(), newOrganization()];
    await write(describeServer(one, "a", "of one"), "insert");
    await write(describeServer(other, "a", "of the other"), "insert");
    for (let round = 0; round < 2; round++) {
      expect(await descriptionsIn(one)).to.deep.equal(["of one"]);
      expect(await descriptionsIn(other)).to.deep.equal(["of the other"]);
    }
    await remove(one, "a");
    expect(await descriptionsIn(one)).to.deep.equal([]);
  });

  it("returns what a restored database has, although its versions were used before", async () => {
    const organizationId = newOrganization();
    await write(describeServer(organizationId, "a", "before", { version: 2 }), "insert");
    expect(await descriptionsIn(organizationId)).to.deep.equal(["before"]);
    const updatedAt = "2026-01-02T00:00:00.000Z";
    await write(describeServer(organizationId, "a", "restored and changed", { version: 2, updatedAt }), "replace");
    expect(await descriptionsIn(organizationId)).to.deep.equal(["restored and changed"]);
  });

  it("lets no caller change what others get", async () => {
    const organizationId = newOrganization();
    await write(describeServer(organizationId, "a", "first"), "insert");
    const [served] = await list(organizationId);
    const [stored] = served?.server.tools ?? [];
    expect(() => Object.assign(stored as object, { description: "other" })).to.throw(TypeError);
    const tools = served?.server.tools as Tool[];
    expect(() => tools.pop()).to.throw(TypeError);
  });

  it("reads everything again if it keeps nothing", async () => {
    const organizationId = newOrganization();
    await write(describeServer(organizationId, "a", "first"), "insert");
    const unkept = new ServedServers(opened.store, new ToolQuarantine(), false);
    const [first] = await list(organizationId, unkept);
    const [again] = await list(organizationId, unkept);
    expect(again?.server).to.deep.equal(first?.server);
    expect(again?.server).to.not.equal(first?.server);
  });
});
