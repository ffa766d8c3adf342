import { expect } from "chai";
import { unassigned } from "../../../schemas/assignment.ts";
import type { Skill } from "../../../schemas/skill.ts";
import type { Caller } from "../../../src/domain/caller.ts";
import { Catalog } from "../../../src/domain/catalog/catalog.ts";
import { discountContent } from "../../../src/domain/catalog/content-quota.ts";
import { skillType, toolkitType } from "../../../src/domain/catalog/resource-types.ts";
import { CascadeDeletes } from "../../../src/domain/cleanup/cascade-deletes.ts";
import { Users } from "../../../src/domain/directory/users.ts";
import { collections, contentSizes } from "../../../src/store/collections.ts";
import { describeOnEngines } from "../../store/engines.fixture.ts";
import type { TestStore } from "../../store/test-store.fixture.ts";

describeOnEngines("Quota of catalog content", (open) => {
  const limits = { userMax: 30_000, organizationMax: 50_000 };
  let testStore: TestStore;
  let skills: Catalog<Skill>;
  let users: Users;
  let organizationNumber = 0;
  let caller: Caller;
  before(async () => {
    testStore = await open({ collections });
    const cascadeDeletes = new CascadeDeletes(testStore.store);
    skills = new Catalog(testStore.store, cascadeDeletes, skillType, limits);
    users = new Users(testStore.store, cascadeDeletes);
  });
  beforeEach(() => {
    const organizationId = `org_quota_${organizationNumber++}`;
    caller = { actor: { type: "operator" }, organizationId, scopes: new Set() };
  });
  after(() => testStore.dispose());

  const contentOf = (slug: string, length: number) => ({
    ...{ slug, name: slug, content: "c".repeat(length) },
    assignment: { everyone: false, groups: [], users: [] },
  });
  const ownedBy = async (userName: string) => ({
    id: (await users.create(caller, { userName })).id,
    canReference: () => true,
  });
  const limitOf = async (change: Promise<unknown>): Promise<string> =>
    change.then(
      () => "stored",
      ({ code, message }) => (code === "limit-reached" ? message.split(" has at most")[0] : String(message)),
    );
  const sizes = async (): Promise<readonly number[]> =>
    (await testStore.store.for(caller.organizationId).open(contentSizes).list({ limit: 10 })).items.map(
      ({ length }) => length,
    );

  it("bounds the content of one user, and leaves others their own", async () => {
    const [ada, bob] = [await ownedBy("ada"), await ownedBy("bob")];
    await skills.create(caller, contentOf("a", 20_000), ada);
    expect(await limitOf(skills.create(caller, contentOf("b", 20_000), ada))).to.equal("The content of a user");
    expect(await limitOf(skills.create(caller, contentOf("b", 20_000), bob))).to.equal("stored");
  });

  it("bounds the content of the organization with that of its users", async () => {
    await skills.create(caller, contentOf("a", 40_000));
    const ada = await ownedBy("ada");
    expect(await limitOf(skills.create(caller, contentOf("b", 20_000), ada))).to.equal(
      "The content of an organization",
    );
    expect(await limitOf(skills.create(caller, contentOf("b", 5_000), ada))).to.equal("stored");
  });

  it("counts the difference of an update, and nothing of an update that is rejected", async () => {
    await skills.create(caller, contentOf("a", 40_000));
    const [size = 0] = await sizes();
    const update = (length: number) => skills.update(caller, "a", {}, () => contentOf("a", length));
    expect(await limitOf(update(60_000))).to.equal("The content of an organization");
    expect(await sizes()).to.deep.equal([size]);
    await update(41_000);
    expect(await sizes()).to.deep.equal([size + 1000]);
    await update(10);
    expect(await sizes()).to.deep.equal([0]);
  });

  it("counts the same whether others refer to the resource or not", async () => {
    await skills.create(caller, contentOf("a", 20_000));
    const toolkits = new Catalog(testStore.store, new CascadeDeletes(testStore.store), toolkitType, limits);
    const toolkit = { entries: [], commands: [], leastPrivilege: false, slug: "t", name: "t" };
    await toolkits.create(caller, { ...toolkit, skills: ["a"], assignment: unassigned });
    await toolkits.remove(caller, "t", {});
    const [size = 0] = await sizes();
    await skills.update(caller, "a", {}, () => contentOf("a", 21_000));
    expect(await sizes()).to.deep.equal([size + 1000]);
    await skills.remove(caller, "a", {});
    expect(await sizes()).to.deep.equal([0]);
  });

  it("frees what a removed resource has used", async () => {
    await skills.create(caller, contentOf("a", 40_000));
    await skills.remove(caller, "a", {});
    expect(await sizes()).to.deep.equal([0]);
    await skills.create(caller, contentOf("b", 45_000));
  });

  it("frees what a removed user has used", async () => {
    const ada = await ownedBy("ada");
    await skills.create(caller, contentOf("a", 20_000), ada);
    await skills.create(caller, contentOf("b", 9_000), ada);
    expect(await sizes()).to.have.length(2);
    await users.remove(caller, ada.id, {}, "scim");
    expect(await sizes()).to.deep.equal([0]);
  });

  it("changes the sum of the organization once for all resources that are removed together", async () => {
    const [ada, bob] = [await ownedBy("ada"), await ownedBy("bob")];
    const resources = [
      await skills.create(caller, contentOf("a", 9_000), ada),
      await skills.create(caller, contentOf("b", 9_000), ada),
      await skills.create(caller, contentOf("c", 9_000), bob),
    ];
    let increments = 0;
    await testStore.store.transaction(async (transaction) => {
      const tenant = transaction.for(caller.organizationId);
      const open: typeof tenant.open = (definition) => {
        const writer = tenant.open(definition);
        const increment: typeof writer.increment = (...parameters) => {
          increments++;
          return writer.increment(...parameters);
        };
        return { ...writer, increment };
      };
      await discountContent({ ...tenant, open }, resources);
    });
    expect(increments).to.equal(1);
    expect(await sizes()).to.deep.equal([0]);
  });

  it("stores all of many concurrent changes of one user, which change the same sums", async () => {
    const ada = await ownedBy("ada");
    const changes = Array.from({ length: 5 }, (_, at) => skills.create(caller, contentOf(`s-${at}`, 5_000), ada));
    await Promise.all(changes);
    const [one = 0, other = 0] = await sizes();
    expect(one).to.equal(other).and.to.be.above(25_000);
  });

  it("does not count resources of fewer than 4,096 characters, which their number limits", async () => {
    await skills.create(caller, contentOf("a", 3_000));
    expect(await sizes()).to.deep.equal([]);
  });

  it("holds for concurrent changes", async () => {
    const changes = Array.from({ length: 8 }, (_, at) => limitOf(skills.create(caller, contentOf(`s-${at}`, 10_000))));
    const results = await Promise.all(changes);
    expect(results.filter((result) => result === "stored")).to.have.length(4);
    expect(results.filter((result) => result === "The content of an organization")).to.have.length(4);
  });
});
