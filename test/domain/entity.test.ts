import { expect } from "chai";
import fc from "fast-check";
import { lowestId, newEntity, newId, nextVersion } from "../../src/domain/entity.ts";

const moments = fc.date({ min: new Date("2020-01-01"), max: new Date("2200-01-01"), noInvalidDate: true });

describe("newId", () => {
  it("returns the prefix and a ULID", () => {
    expect(newId("usr")).to.match(/^usr_[0-7][0-9A-HJKMNP-TV-Z]{25}$/);
  });

  it("returns ids that sort by creation across milliseconds", () => {
    fc.assert(
      fc.property(moments, fc.integer({ min: 1, max: 1e9 }), (moment, later) => {
        const [first, second] = [newId("usr", moment), newId("usr", new Date(moment.getTime() + later))];
        expect(first < second, `${first} ${second}`).to.equal(true);
      }),
    );
  });

  it("returns ids that sort by creation within a millisecond, and never one twice", () => {
    const moment = new Date();
    const ids = Array.from({ length: 10_000 }, () => newId("tok", moment));
    expect(ids).to.deep.equal([...ids].sort());
    expect(new Set(ids).size).to.equal(10_000);
  });

  it("returns ids that cannot be guessed from the one before: 60 of their bits are random", () => {
    const moment = new Date();
    const random = Array.from({ length: 10_000 }, () => newId("tok", moment).slice(-12));
    expect(new Set(random).size).to.equal(10_000);
    expect(random).to.not.deep.equal([...random].sort());
    for (let at = 0; at < 12; at++) expect(new Set(random.map((each) => each[at])).size, `letter ${at}`).to.equal(32);
  });
});

describe("lowestId", () => {
  it("returns an id above every earlier id and not above any later id", () => {
    fc.assert(
      fc.property(moments, (moment) => {
        const lowest = lowestId("req", moment);
        expect(newId("req", new Date(moment.getTime() - 1)) < lowest).to.equal(true);
        expect(newId("req", moment) >= lowest).to.equal(true);
      }),
    );
  });
});

describe("newEntity", () => {
  it("starts at version 1 and uses one UTC time in milliseconds for createdAt, updatedAt and the id", () => {
    const now = new Date("2024-02-29T23:59:59.007Z");
    const { id, ...rest } = newEntity("grp", "org_1", now);
    const time = "2024-02-29T23:59:59.007Z";
    expect(rest).to.deep.equal({ organizationId: "org_1", version: 1, createdAt: time, updatedAt: time });
    expect(id.slice(0, 14)).to.equal(lowestId("grp", now));
  });
});

describe("nextVersion", () => {
  const entity = newEntity("usr", "org_1", new Date("2024-01-01T00:00:00.000Z"));

  it("increments the version and sets the new time", () => {
    const next = nextVersion(entity, new Date("2024-01-01T00:00:00.001Z"));
    expect(next).to.deep.equal({ version: 2, updatedAt: "2024-01-01T00:00:00.001Z" });
  });

  it("never decreases updatedAt, whatever the clock returns", () => {
    const next = nextVersion(entity, new Date("2023-12-31T23:59:59.999Z"));
    expect(next).to.deep.equal({ version: 2, updatedAt: entity.updatedAt });
    fc.assert(
      fc.property(fc.array(moments), (clock) => {
        let current = entity;
        for (const now of clock) {
          const following = { ...current, ...nextVersion(current, now) };
          expect(following.version).to.equal(current.version + 1);
          expect(following.updatedAt >= current.updatedAt).to.equal(true);
          current = following;
        }
      }),
    );
  });
});
