import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { copyFile, mkdtemp, readFile, rename, rm, stat, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect } from "chai";
import { hasErrorCode, StartupError } from "../../../src/errors.ts";
import { SqliteConnection } from "../../../src/store/sqlite/driver.ts";
import { openSqliteStore } from "../../../src/store/sqlite/store.ts";
import type { Store } from "../../../src/store/store.ts";
import {
  contractCollections,
  insertAll,
  newTestRecord,
  testRecordReader,
  testRecords,
} from "../contract/records.fixture.ts";

const organization = "org_recovery";

describe("recovery of the embedded store", () => {
  let dataDir: string;
  let file: string;
  const stores: Store[] = [];
  beforeEach(async () => {
    dataDir = await mkdtemp(join(tmpdir(), "gatehouse-recovery-"));
    file = join(dataDir, "gatehouse.db");
  });
  afterEach(async () => {
    for (const store of stores.splice(0)) await store.close();
    await rm(dataDir, { recursive: true, force: true });
  });
  const openStore = (): Store => {
    const store = openSqliteStore({ dataDir, collections: contractCollections });
    stores.push(store);
    return store;
  };
  const insert = (store: Store, name: string): Promise<void> =>
    insertAll(store, organization, [newTestRecord(organization, name, { code: name })]);
  /** Repeats a query until it returns the expected result. @returns the results before */
  const until = async (query: () => Promise<unknown>, wanted: (result: unknown) => boolean): Promise<unknown[]> => {
    const results: unknown[] = [];
    for (;;) {
      const result = await query().catch((error: unknown) => error);
      results.push(result);
      if (wanted(result)) return results;
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
  };
  const isUnavailable = (result: unknown): boolean => hasErrorCode(result, "unavailable");

  it("rejects a second process until the first has ended or was killed", async () => {
    const start = async (): Promise<{ readonly child: ChildProcess; readonly output: string }> => {
      const holder = fileURLToPath(new URL("./lock-holder.process.js", import.meta.url));
      const child = spawn(process.execPath, ["--disable-proto=delete", holder, dataDir], {
        stdio: ["pipe", "pipe", "inherit"],
      });
      const [output] = (await once(child.stdout, "data")) as [Buffer];
      return { child, output: String(output) };
    };
    const first = await start();
    expect(first.output).to.equal("open\n");
    const second = await start();
    expect(second.output)
      .to.contain("StartupError")
      .and.to.contain(dataDir)
      .and.to.contain("in use by another gatehouse");
    expect(openStore).to.throw(StartupError, "in use by another gatehouse");
    first.child.kill("SIGKILL");
    await once(first.child, "close");
    const third = await start();
    expect(third.output).to.equal("open\n");
    third.child.stdin?.end();
    await once(third.child, "close");
    await openStore().ping();
  });

  it("does not change the schema when it is opened again", async () => {
    const version = (): unknown => {
      const connection = new SqliteConnection(file, { readOnly: true });
      try {
        return connection.get("PRAGMA schema_version")?.["schema_version"];
      } finally {
        connection.close();
      }
    };
    await openStore().close();
    const before = version();
    await openStore().close();
    expect(version()).to.equal(before);
  });

  for (const [title, size] of [
    ["by its last quarter", 0.75],
    ["to less than a page", 0.001],
  ] as const) {
    it(`rejects a file that was truncated ${title}, and leaves it unchanged`, async () => {
      const store = openStore();
      await insertAll(
        store,
        organization,
        Array.from({ length: 400 }, (_, at) => newTestRecord(organization, `${at}`, { note: "n".repeat(500) })),
      );
      await store.close();
      await truncate(file, Math.floor((await stat(file)).size * size));
      const bytes = await readFile(file);
      expect(openStore).to.throw(StartupError, file);
      expect(await readFile(file)).to.deep.equal(bytes);
    });
  }

  it("rejects an empty file with a WAL that is not empty, and leaves both unchanged", async () => {
    const store = openStore();
    await insert(store, "a");
    const log = await readFile(`${file}-wal`);
    await store.close();
    await writeFile(file, "");
    await writeFile(`${file}-wal`, log);
    expect(openStore).to.throw(StartupError, "its write-ahead log exists");
    expect((await stat(file)).size).to.equal(0);
    expect(await readFile(`${file}-wal`)).to.deep.equal(log);
  });

  it("never acknowledges a write that a moved file does not contain, and recovers under load", async () => {
    const store = openStore();
    const acknowledged: string[] = [];
    let running = true;
    let number = 0;
    const writers = Array.from({ length: 8 }, async () => {
      while (running) {
        const name = `w${++number}`;
        await insert(store, name).then(
          () => acknowledged.push(`thg_${name}`),
          (error: unknown) => {
            if (!isUnavailable(error)) throw error;
          },
        );
      }
    });
    for (let round = 0; round < 3; round++) {
      const before = acknowledged.length;
      await until(async () => acknowledged.length > before + 20, Boolean);
      await rename(file, `${file}.away`);
      const results = await until(
        () => testRecordReader(store, organization).get(acknowledged[0] ?? ""),
        isUnavailable,
      );
      expect(results).to.not.include(undefined);
      await rename(`${file}.away`, file);
      const acknowledgedBefore = acknowledged.length;
      await until(async () => acknowledged.length > acknowledgedBefore, Boolean);
    }
    running = false;
    await Promise.all(writers);
    const all = await testRecordReader(store, organization).count({ op: "in", path: "id", values: acknowledged });
    expect(all).to.equal(acknowledged.length);
    await store.close();
    expect(
      await testRecordReader(openStore(), organization).count({ op: "in", path: "id", values: acknowledged }),
    ).to.equal(acknowledged.length);
  });

  it("does not acknowledge a transaction when the file disappears before the commit", async () => {
    const store = openStore();
    await insert(store, "a");
    const outcome = await store
      .transaction(async (change) => {
        await change.for(organization).open(testRecords).insert(newTestRecord(organization, "b"));
        await rename(file, `${file}.away`);
      })
      .catch((error: unknown) => error);
    expect(isUnavailable(outcome)).to.equal(true);
    await rename(`${file}.away`, file);
    await until(
      () => store.ping(),
      (result) => result === undefined,
    );
    expect(await testRecordReader(store, organization).count()).to.equal(1);
  });

  it("does not replay its WAL into a file that replaced the original", async () => {
    const store = openStore();
    await insert(store, "a");
    await store.close();
    const backup = join(dataDir, "backup.db");
    await copyFile(file, backup);
    const running = openStore();
    await insert(running, "b");
    await rename(file, `${file}.away`);
    await until(() => running.ping(), isUnavailable);
    await copyFile(backup, file);
    const bytes = await readFile(file);
    const log = (await stat(`${file}-wal`)).size;
    expect(log).to.be.greaterThan(0);
    const started = Date.now();
    // Longer than the interval of file checks.
    const results = await until(
      () => running.ping(),
      () => Date.now() - started > 600,
    );
    for (const result of results) expect(isUnavailable(result)).to.equal(true);
    expect(await readFile(file)).to.deep.equal(bytes);
    await rename(`${file}.away`, file);
    await until(
      () => running.ping(),
      (result) => result === undefined,
    );
    expect(await testRecordReader(running, organization).count()).to.equal(2);
  });
});
