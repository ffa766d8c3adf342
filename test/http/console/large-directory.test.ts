import { expect } from "chai";
import { newEntity } from "../../../src/domain/entity.ts";
import { groups, users } from "../../../src/store/collections.ts";
import type { StoreOperation } from "../../../src/store/measured-store.ts";
import { withSearchFields } from "../../../src/store/normalized-fields.ts";
import { describeOnEngines } from "../../store/engines.fixture.ts";
import { repetitionsOf } from "../../support/repetitions.ts";
import type { Service } from "../../support/service.ts";
import { countOperations, startCountedService, TestBrowser } from "./browser.fixture.ts";

/** A complete run has as many users as a large customer. */
const userCount = Math.max(2000, repetitionsOf(100_000));
const batchSize = 1000;

describeOnEngines(`Users and groups in /console of a directory with ${userCount} users`, (open) => {
  let service: Service;
  let browser: TestBrowser;
  let group: string;
  let first: string;
  const operations: StoreOperation[] = [];
  before(async function () {
    this.timeout(600_000);
    service = await startCountedService(open, operations);
    const { store, organizationId } = service;
    const everyone = { ...newEntity("grp", organizationId), displayName: "Everyone" };
    group = everyone.id;
    await store.transaction((tx) => tx.for(organizationId).open(groups).insert(withSearchFields(everyone)));
    for (let start = 0; start < userCount; start += batchSize)
      await store.transaction(async (tx) => {
        const tenant = tx.for(organizationId);
        const batch = Array.from({ length: batchSize }, (_, at) => toUser(organizationId, start + at));
        if (start === 0) first = batch[0]?.id ?? "";
        for (const user of batch) await tenant.open(users).insert(withSearchFields(user));
        await tenant.memberships.addNew(
          group,
          batch.map(({ id }) => id),
        );
      });
    browser = new TestBrowser(service);
    await browser.signIn((await service.issueToken({ scopes: ["admin:write"] })).secret);
  });
  after(() => service.dispose());

  const toUser = (organizationId: string, index: number) => {
    const number = String(index).padStart(6, "0");
    const emails = [{ value: `user-${number}@example.com`, primary: true }];
    return {
      ...newEntity("usr", organizationId),
      userName: `User-${number}`,
      displayName: `Name ${number}`,
      active: index % 2 === 0,
      emails,
    };
  };
  const last = String(userCount - 1).padStart(6, "0");
  const nextOf = (html: string): string => /href="([^"]*)">Next page/.exec(html)?.[1]?.replaceAll("&amp;", "&") ?? "";

  it("finds one user by the beginning of a name or by an address, and pages from any position", async function () {
    this.timeout(120_000);
    for (const query of [`userName=USER-${last}`, `displayName=name%20${last}`, `email=user-${last}@example.com`]) {
      const { status, html } = await browser.get(`/console/users?${query}`);
      expect(status, query).to.equal(200);
      expect(html.match(/<th scope="row">/g), query).to.have.length(1);
    }
    const page = await browser.get("/console/users");
    expect(page.html).to.contain(">User-000049<").and.not.contain(">User-000050<");
    expect((await browser.get(nextOf(page.html))).html).to.contain(">User-000050<");
  });

  it("pages through the members of a group, each once", async function () {
    this.timeout(120_000);
    const seen = new Set<string>();
    let next = `/console/groups/${group}`;
    for (let pages = 0; pages < 5 && next !== ""; pages++) {
      const { html } = await browser.get(next);
      for (const [, id = ""] of html.matchAll(/<th scope="row"><a href="\/console\/users\/(usr_\w+)"/g)) seen.add(id);
      next = nextOf(html);
    }
    expect(seen.size).to.equal(250);
  });

  it("adds and removes a member of the large group", async function () {
    this.timeout(120_000);
    const { hidden } = await browser.get(`/console/groups/${group}`);
    const csrf = hidden("csrf");
    expect((await browser.post(`/console/groups/${group}/members/${first}/remove`, { csrf })).status).to.equal(303);
    expect(await service.store.for(service.organizationId).memberships.filterMembers(group, [first])).to.deep.equal([]);
    expect(
      (await browser.post(`/console/groups/${group}/members`, { csrf, type: "user", member: "User-000000" })).status,
    ).to.equal(303);
    expect(await service.store.for(service.organizationId).memberships.filterMembers(group, [first])).to.deep.equal([
      first,
    ]);
  });

  it("renders each page in as many store operations as that of a small directory", async function () {
    this.timeout(120_000);
    for (const [page, most] of [
      ["users", 4], // session, token, organization, users
      [`users?userName=user-${last}`, 4],
      [`users?displayName=name%20${last}`, 4],
      [`users?email=user-${last}@example.com`, 4],
      [`users/${first}`, 8],
      [`users/${first}/access`, 9],
      ["groups", 4],
      [`groups/${group}`, 8],
    ] as const) {
      const load = async (): Promise<void> => {
        expect((await browser.get(`/console/${page}`)).status, page).to.equal(200);
      };
      expect(await countOperations(operations, most, load), page).to.be.at.most(most);
    }
  });
});
