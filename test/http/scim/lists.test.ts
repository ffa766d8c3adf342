import { expect } from "chai";
import { describeOnEngines } from "../../store/engines.fixture.ts";
import { type Agent, type Service, startService, userUrn } from "../../support/service.ts";

describeOnEngines("RFC 7644 3.4.2: lists", (open) => {
  let service: Service;
  let scim: Agent;
  const total = 25;
  before(async () => {
    service = await startService({ open });
    scim = await service.clientWithScopes(["admin:scim"]);
    for (let at = 0; at < total; at++) {
      const userName = `User${String(at).padStart(2, "0")}@example.com`;
      await scim
        .post("/scim/v2/Users")
        .send({ schemas: [userUrn], userName, externalId: `E${at % 5}`, displayName: `Name ${at % 2}` })
        .expect(201);
    }
  });
  after(() => service.dispose());

  const list = async (query: Record<string, string>) =>
    (await scim.get("/scim/v2/Users").query(query).expect(200)).body;
  const names = ({ Resources }: { Resources: { userName: string }[] }) => Resources.map(({ userName }) => userName);

  describe("3.4.2.2 filter", () => {
    const totals: Record<string, number> = {
      'userName eq "user07@EXAMPLE.com"': 1,
      'USERNAME EQ "user07@example.com"': 1,
      [`${userUrn}:userName eq "user07@example.com"`]: 1,
      '  userName   eq   "user07@example.com"  ': 1,
      'userName eq "\\u0055ser07@example.com"': 1,
      'userName eq "nobody"': 0,
      'externalId eq "E1"': 5,
      'externalId eq "e1"': 0,
      'displayName eq "NAME 1"': 12,
      'id eq "usr_none"': 0,
      'userName co "SER1"': 10,
      'userName eq "nobody" or id pr': 25,
      [`schemas eq "${userUrn}"`]: 25,
      'schemas eq "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"': 0,
    };
    for (const [filter, totalResults] of Object.entries(totals)) {
      it(`${filter} returns ${totalResults} resources`, async () => {
        const body = await list({ filter });
        expect(body.totalResults).to.equal(totalResults);
        expect(body.Resources).to.have.length(totalResults);
      });
    }

    const invalidFilters = [
      "userName",
      "userName eq",
      "userName eq nobody",
      'userName eq "a" "b"',
      'userName eq "a',
      "userName eq 5",
      'password eq "x"',
      'normalized.userName eq "x"',
      'organizationId eq "x"',
      'toString eq "x"',
      'hasOwnProperty.length eq "x"',
      '$where eq "x"',
      `userName eq "${"\n".repeat(28)}`,
      `userName eq "${"\\".repeat(40)}`,
      `userName eq "${"x".repeat(5000)}"`,
      'userName eq "a\\u0000b"',
    ];
    for (const filter of invalidFilters) {
      it(`rejects ${JSON.stringify(filter.slice(0, 40))} with invalidFilter`, async () => {
        const { body } = await scim.get("/scim/v2/Users").query({ filter }).expect(400);
        expect(body.scimType).to.equal("invalidFilter");
        expect(Object.keys(Object.prototype)).to.deep.equal([]);
      });
    }

    it("rejects a malformed filter parameter instead of ignoring it", async () => {
      await scim.get("/scim/v2/Users?filter[x]=1").expect(400);
      await scim.get('/scim/v2/Users?filter=id eq "a"&filter=id eq "b"').expect(400);
    });

    it("ignores unknown parameters, which vendors add", async () => {
      await scim.get("/scim/v2/Users?aadOptscim062020").expect(200);
    });
  });

  describe("3.4.2.4 pagination", () => {
    it("returns every resource once, with the exact total on every page", async () => {
      const seen: string[] = [];
      for (let startIndex = 1; startIndex <= total; startIndex += 10) {
        const body = await list({ startIndex: String(startIndex), count: "10" });
        expect(body).to.deep.include({ totalResults: total, startIndex });
        expect(body.itemsPerPage).to.equal(body.Resources.length);
        seen.push(...names(body));
      }
      expect(new Set(seen).size).to.equal(total);
      expect(seen).to.have.length(total);
    });

    it("returns an empty page past the end, and only the total for count=0", async () => {
      expect(await list({ startIndex: "1000", count: "3" })).to.deep.include({
        totalResults: total,
        itemsPerPage: 0,
        Resources: [],
      });
      expect(await list({ count: "0" })).to.deep.include({ totalResults: total, itemsPerPage: 0, Resources: [] });
    });

    it("treats a startIndex below 1 as 1, and a negative count as 0", async () => {
      expect((await list({ startIndex: "-5", count: "1" })).startIndex).to.equal(1);
      expect((await list({ count: "-1" })).Resources).to.deep.equal([]);
    });

    it("never returns more resources than advertised", async () => {
      expect((await list({ count: "1000000000" })).Resources).to.have.length(total);
      const { filter } = (await scim.get("/scim/v2/ServiceProviderConfig")).body;
      expect(filter.maxResults).to.equal(1000);
    });

    for (const query of ["startIndex=x", "count=2.5", "count=1e3", "sortOrder=up&sortBy=userName"]) {
      it(`rejects ${query}`, async () => {
        const response = await scim.get(`/scim/v2/Users?${query}`);
        expect(response.status, JSON.stringify(response.body)).to.equal(400);
        expect(response.body.scimType).to.equal("invalidValue");
      });
    }
  });

  describe("3.4.2.3 sort", () => {
    it("sorts in both directions", async () => {
      const up = names(await list({ sortBy: "userName" }));
      expect(up).to.deep.equal([...up].sort());
      const down = names(await list({ sortBy: `${userUrn}:userName`, sortOrder: "descending" }));
      expect(down).to.deep.equal([...up].reverse());
    });

    it("rejects an unsortable attribute", async () => {
      expect((await scim.get("/scim/v2/Users?sortBy=shoeSize").expect(400)).body.scimType).to.equal("invalidPath");
    });
  });
});
