import { rename } from "node:fs/promises";
import { join } from "node:path";
import { setImmediate as nextTurn } from "node:timers/promises";
import { expect } from "chai";
import { users } from "../../../../src/store/collections.ts";
import { openSqliteTestStore, type SqliteTestStore } from "../../../store/sqlite/sqlite.fixture.ts";
import { type Service, startService } from "../../../support/service.ts";
import { type BulkResponseOperation, buildBulkRequest, createUserOperation } from "./bulk.fixture.ts";

describe("A bulk request during a store outage", () => {
  const bulkIds = Array.from({ length: 1000 }, (_, at) => `u${at}`);
  let service: Service;
  let file: string;
  before(async () => {
    let opened: SqliteTestStore | undefined;
    service = await startService({
      open: async (options) => {
        opened = await openSqliteTestStore(options);
        return opened;
      },
    });
    file = join(opened?.dataDir ?? "", "gatehouse.db");
  });
  after(() => service.dispose());

  it("returns 503 for the affected operation and all later ones, and stores none of them", async () => {
    const scim = await service.clientWithScopes(["admin:scim"]);
    const kept = service.store.for(service.organizationId).open(users);
    const bulk = scim
      .post("/scim/v2/Bulk")
      .set("X-Request-Id", "the-bulk")
      .send(buildBulkRequest(bulkIds.map((each) => createUserOperation(each))))
      .then(({ body }) => body.Operations as BulkResponseOperation[]);
    while ((await kept.list({ limit: 1 })).items.length === 0) await nextTurn();
    await rename(file, `${file}.away`);
    const entries = await bulk;
    await rename(`${file}.away`, file);
    while ((await scim.get("/scim/v2/Users?count=0")).status !== 200) await nextTurn();

    expect(entries.map(({ bulkId }) => bulkId)).to.deep.equal(bulkIds);
    const successCount = entries.filter(({ status }) => status === "201").length;
    expect(successCount).to.be.within(1, 999);
    const failures = entries
      .slice(successCount)
      .map(({ status, response }) => [status, response?.status, response?.detail]);
    expect(new Set(failures.map(String))).to.deep.equal(new Set([["503", "503", failures[0]?.[2]].join()]));
    expect((await scim.get("/scim/v2/Users?count=0").expect(200)).body.totalResults).to.equal(successCount);
    const logged = service.log().split("\n");
    expect(logged.filter((line) => line.includes("the-bulk") && line.includes('"warn"'))).to.have.length(1);
  });
});
