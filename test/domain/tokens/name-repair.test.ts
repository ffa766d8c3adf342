import { expect } from "chai";
import { operatorActor } from "../../../src/domain/audit/record.ts";
import { TokenNameRepair } from "../../../src/domain/tokens/name-repair.ts";
import { type DomainTestContext, openDomain } from "../domain.fixture.ts";

describe("TokenNameRepair", () => {
  let domain: DomainTestContext;
  beforeEach(async () => {
    domain = await openDomain();
  });
  afterEach(() => domain.dispose());

  const create = async (name: string): Promise<string> =>
    (await domain.tokens.create(domain.organizationId, operatorActor, { name, type: "scim", scopes: ["admin:scim"] }))
      .token.id;

  it("repairs tokens of an older release, without a new version or an audit event", async () => {
    const [unchanged, created, renamed] = [await create("Same"), await create("Ada"), await create("After")];
    await domain.patchToken(created, { normalizedName: undefined });
    await domain.patchToken(renamed, { normalizedName: "before" });
    const ids = [unchanged, created, renamed];
    const before = await Promise.all(ids.map(domain.readStoredToken));
    const events = await domain.listAuditEvents(domain.organizationId);

    await new TokenNameRepair(domain.store).flush();
    const after = await Promise.all(ids.map(domain.readStoredToken));
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
