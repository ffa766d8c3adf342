import { rename } from "node:fs/promises";
import { join } from "node:path";
import { setImmediate as nextTurn } from "node:timers/promises";
import { expect } from "chai";
import { users } from "../../../src/store/collections.ts";
import { openSqlite, type SqliteOpened } from "../../store/sqlite-opened.ts";
import { type Service, startService } from "../../support/service.ts";
import { bulkRequest, type Entry, newUser } from "./bulk-request.ts";

describe("A bulk during which the store goes away", () => {
  const bulkIds = Array.from({ length: 1000 }, (_, at) => `u${at}`);
  let service: Service;
  let file: string;
  before(async () => {
    let opened: SqliteOpened | undefined;
    service = await startService({
      open: async (options) => {
        opened = await openSqlite(options);
        return opened;
      },
    });
    file = join(opened?.dataDir ?? "", "gatehouse.db");
  });
  after(() => service.dispose());

  it("answers 503 for the operation that met it and for all that follow, none of which is kept", async () => {
    const scim = await service.as(["admin:scim"]);
    const kept = service.store.for(service.organizationId).open(users);
    const bulk = scim
      .post("/scim/v2/Bulk")
      .set("X-Request-Id", "the-bulk")
      .send(bulkRequest(bulkIds.map((each) => newUser(each))))
      .then(({ body }) => body.Operations as Entry[]);
    while ((await kept.list({ limit: 1 })).items.length === 0) await nextTurn();
    await rename(file, `${file}.away`);
    const entries = await bulk;
    await rename(`${file}.away`, file);
    while ((await scim.get("/scim/v2/Users?count=0")).status !== 200) await nextTurn();

    expect(entries.map(({ bulkId }) => bulkId)).to.deep.equal(bulkIds);
    const done = entries.filter(({ status }) => status === "201").length;
    expect(done).to.be.within(1, 999);
    const told = entries.slice(done).map(({ status, response }) => [status, response?.status, response?.detail]);
    expect(new Set(told.map(String))).to.deep.equal(new Set([["503", "503", told[0]?.[2]].join()]));
    expect((await scim.get("/scim/v2/Users?count=0").expect(200)).body.totalResults).to.equal(done);
    const logged = service.log().split("\n");
    expect(logged.filter((line) => line.includes("the-bulk") && line.includes('"warn"'))).to.have.length(1);
  });
});
