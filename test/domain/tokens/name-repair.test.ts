import { expect } from "chai";
import { operatorActor } from "../../../src/domain/audit/record.ts";
import { TokenNameRepair } from "../../../src/domain/tokens/name-repair.ts";
import { organizations, serviceTenant, tokens } from "../../../src/store/collections.ts";
import { type DomainTestContext, openDomain } from "../domain.fixture.ts";

describe("TokenNameRepair", () => {
  let domain: DomainTestContext;
  beforeEach(async () => {
    domain = await openDomain();
  });
  afterEach(() => domain.dispose());

  const create = async (name: string, organizationId = domain.organizationId): Promise<string> =>
    (await domain.tokens.create(organizationId, operatorActor, { name, type: "scim", scopes: ["admin:scim"] })).token
      .id;

  it("repairs tokens of an older release, without a new version or an audit event", async () => {
    const [unchanged, created, renamed] = [await create("Same"), await create("Ada"), await create("After")];
    await domain.patchToken(created, { normalizedName: undefined });
    await domain.patchToken(renamed, { normalizedName: "before" });
    const ids = [unchanged, created, renamed];
    const before = await Promise.all(ids.map((id) => domain.readStoredToken(id)));
    const events = await domain.listAuditEvents(domain.organizationId);

    await new TokenNameRepair(domain.store).flush();
    const after = await Promise.all(ids.map((id) => domain.readStoredToken(id)));
    expect(after.map(({ normalizedName }) => normalizedName)).to.deep.equal(["same", "ada", "after"]);
    expect(after).to.deep.equal(before.map((token, at) => ({ ...token, normalizedName: after[at]?.normalizedName })));
    expect(await domain.listAuditEvents(domain.organizationId)).to.deep.equal(events);
  });

  it("continues after the last page of a run that is over, until the pass is complete", async () => {
    const ids: string[] = [];
    for (let at = 0; at < 201; at++) ids.push(await create(`Token ${at}`));
    const [first = "", last = ""] = [ids.at(0), ids.at(-1)];
    for (const id of [first, last]) await domain.patchToken(id, { normalizedName: undefined });
    const repair = new TokenNameRepair(domain.store);
    const readName = async (id: string) => (await domain.readStoredToken(id)).normalizedName;
    await repair.flush(() => true);
    expect([await readName(first), await readName(last)]).to.deep.equal(["token 0", undefined]);
    await domain.patchToken(first, { normalizedName: undefined });
    await repair.flush(() => true);
    expect([await readName(first), await readName(last)]).to.deep.equal([undefined, "token 200"]);
  });

  it("stops between organizations, and continues with the first token of the next one", async () => {
    const [first, outdated] = [await create("First"), await create("Ada", domain.otherId)];
    const readName = async () => (await domain.readStoredToken(outdated, domain.otherId)).normalizedName;
    // It has a later id than the token of the other organization, and is removed while the pass continues.
    const last = await create("Last");
    await domain.patchToken(outdated, { normalizedName: undefined }, domain.otherId);
    const repair = new TokenNameRepair(domain.store);
    await repair.flush(() => true);
    expect(await readName()).to.equal(undefined);
    await domain.store.transaction(async (tx) => {
      for (const id of [first, last]) await tx.for(domain.organizationId).open(tokens).remove(id, "any");
      await tx.for(serviceTenant).open(organizations).remove(domain.organizationId, "any");
    });
    await repair.flush();
    expect(await readName()).to.equal("ada");
  });

  it("repeats the pass after 10 seconds, then after 20, and then at least once a day", async () => {
    const id = await create("Ada");
    let now = Date.now();
    const repair = new TokenNameRepair(domain.store, () => now);
    const isRepairedAfter = async (seconds: number): Promise<boolean> => {
      now += seconds * 1000;
      await domain.patchToken(id, { normalizedName: undefined });
      await repair.flush();
      return (await domain.readStoredToken(id)).normalizedName !== undefined;
    };
    expect(await isRepairedAfter(0)).to.equal(true);
    expect(await isRepairedAfter(9)).to.equal(false);
    expect(await isRepairedAfter(1)).to.equal(true);
    expect(await isRepairedAfter(19)).to.equal(false);
    expect(await isRepairedAfter(1)).to.equal(true);
    for (let day = 0; day < 30; day++) expect(await isRepairedAfter(86_400)).to.equal(true);
  });
});
