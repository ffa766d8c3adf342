import { expect } from "chai";
import { describeOnEngines } from "../../store/engines.fixture.ts";
import { type Agent, groupUrn, type Service, startService } from "../../support/service.ts";
import {
  badge,
  badgeUrn,
  badgeValues,
  declareExtension,
  extensionClients,
  extensionRequests,
  team,
  teamUrn,
} from "./extensions.fixture.ts";

describeOnEngines("RFC 7644 3.4.2: lists by attributes that an organization declares", (open) => {
  let service: Service;
  let admin: Agent;
  let scim: Agent;
  before(async () => {
    service = await startService({ open });
    ({ admin, scim } = await extensionClients(service, "acme"));
    await declareExtension(admin, badgeUrn, badge);
    await declareExtension(admin, teamUrn, team);
  });
  after(() => service.dispose());

  const { createUser, patch, read, find } = extensionRequests(() => scim);

  describe("filters", () => {
    let ada: string;
    let bob: string;
    before(async () => {
      ada = (await createUser({ [badgeUrn]: { ...badgeValues, number: "Filter-1", code: "Q", tags: ["Fa", "Fb"] } }))
        .id;
      bob = (
        await createUser({
          [badgeUrn]: { number: "filter-2", Level: 9, weight: 9.5, code: "q", "active-since": "2027-01-01T00:00:00Z" },
        })
      ).id;
    });
    const about = (...parts: readonly string[]): string =>
      ["", ...parts].join(`${badgeUrn}:`).replaceAll("@", `${badgeUrn}:`);

    for (const [filter, expected] of [
      ['number eq "FILTER-1"', "a"],
      ['number sw "filter-"', "ab"],
      ['number co "er-2"', "b"],
      ['number sw "filter-" and @number ne "filter-1"', "b"],
      ['number ew "R-1"', "a"],
      ['code eq "Q"', "a"],
      ['code eq "q"', "b"],
      ["Level eq 9", "b"],
      ['Level gt 2 and @number sw "filter"', "ab"],
      ["weight ge 9.5", "b"],
      ['isGuest eq true and @number sw "filter"', "a"],
      ['active-since eq "2026-01-31T08:00:00Z" and @number sw "filter"', "a"],
      ['active-since gt "2026-12-31T23:00:00-01:00"', ""],
      ['active-since ge "2026-12-31T23:00:00-01:00"', "b"],
      ['tags eq "fA"', "a"],
      ['tags sw "f"', "a"],
      ['tags[value eq "FB"]', "a"],
      ['tags pr and @number sw "filter"', "a"],
      ['office.city eq "BERLIN" and @number sw "filter"', "a"],
      ['office.key eq "k"', ""],
      ['office pr and @number sw "filter"', "a"],
      ['doors[type eq "side" and value eq "South"] and @number sw "filter"', "a"],
      ['doors[type eq "main" and value eq "south"] and @number sw "filter"', ""],
      ['doors.value eq "north" and @number sw "filter"', "a"],
      ['doors[until lt "2026-07-01T00:00:00Z"] and @number sw "filter"', "a"],
      ['serial pr and @number sw "filter"', "a"],
      ['photo eq "https://photos.example/ada" and @number sw "filter"', "a"],
    ] as const) {
      it(`compares ${filter}`, async () => {
        const found = await find("Users", about(filter));
        const ids = [...expected].map((each) => (each === "a" ? ada : bob));
        expect(found).to.deep.equal(ids);
      });
    }

    it("compares schemas with the URN", async () => {
      const plain = (await createUser()).id;
      const found = await find("Users", `schemas eq "${badgeUrn}"`);
      expect(found).to.include.members([ada, bob]).and.not.include(plain);
    });

    it("compares attributes of groups", async () => {
      const { body: group } = await scim
        .post("/scim/v2/Groups")
        .send({ schemas: [groupUrn], displayName: "Filtered", [teamUrn]: { costCenter: "F-1", sites: ["Bonn"] } })
        .expect(201);
      for (const filter of ['costCenter eq "f-1"', 'costCenter sw "F"', 'sites eq "bonn"'])
        expect(await find("Groups", `${teamUrn}:${filter}`), filter).to.deep.equal([group.id]);
      const both = await read(`/scim/v2/?filter=${encodeURIComponent(`${teamUrn}:costCenter eq "f-1"`)}`);
      expect(both.Resources).to.have.length(1);
    });

    it("reject wrong operators, unknown attributes and binary attributes", async () => {
      for (const filter of ['Level eq "x"', "isGuest gt true", 'print eq "AQID"', 'colour eq "red"', 'office eq "x"']) {
        const { body } = await scim
          .get(`/scim/v2/Users?filter=${encodeURIComponent(`${badgeUrn}:${filter}`)}`)
          .expect(400);
        expect(body.scimType, filter).to.equal("invalidFilter");
      }
    });

    it("find the new value after a change, and nothing after a deletion", async () => {
      const { id } = await createUser({ [badgeUrn]: { number: "moving-1" } });
      await patch(`/scim/v2/Users/${id}`, [{ op: "replace", path: `${badgeUrn}:number`, value: "moving-2" }]);
      expect(await find("Users", about('number eq "moving-1"'))).to.deep.equal([]);
      expect(await find("Users", about('number eq "moving-2"'))).to.deep.equal([id]);
      await scim.delete(`/scim/v2/Users/${id}`).expect(204);
      expect(await find("Users", about('number eq "moving-2"'))).to.deep.equal([]);
    });
  });

  describe("sortBy", () => {
    const levels: readonly object[] = [
      { Level: 10, "active-since": "2026-01-01T00:00:00+05:00", code: "b" },
      { Level: 9, "active-since": "2026-01-01T00:00:00Z", code: "B" },
      { "active-since": "2026-01-01T00:00:00-05:00", code: "a" },
    ];
    let names: readonly string[];
    before(async () => {
      names = [];
      for (const each of levels) {
        const { userName } = await createUser({ title: "Sorted", [badgeUrn]: each });
        names = [...names, userName];
      }
    });
    for (const [attribute, order] of [
      ["Level", [1, 0, 2]],
      ["active-since", [0, 1, 2]],
      ["code", [1, 2, 0]],
    ] as const) {
      it(`sorts by ${attribute}, also page by page with cursors`, async () => {
        const expected = order.map((at) => names[at]);
        const path = `/scim/v2/Users?filter=${encodeURIComponent('title eq "Sorted"')}&sortBy=${badgeUrn}:${attribute}`;
        const userNames = ({ Resources }: { Resources: { userName: string }[] }) =>
          Resources.map((each) => each.userName);
        expect(userNames(await read(path))).to.deep.equal(expected);
        const paged: string[] = [];
        for (let cursor: string | undefined = ""; cursor !== undefined; ) {
          const page: { Resources: { userName: string }[]; nextCursor?: string } = await read(
            `${path}&count=1&cursor=${cursor}`,
          );
          paged.push(...userNames(page));
          cursor = page.nextCursor;
        }
        expect(paged).to.deep.equal(expected);
      });
    }
  });
});
