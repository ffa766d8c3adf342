import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import {
  chmod,
  mkdir,
  mkdtemp,
  open as openFile,
  readdir,
  readFile,
  rename,
  rm,
  stat,
  writeFile,
} from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect } from "chai";
import { hasErrorCode, StartupError } from "../../../src/errors.ts";
import { SqliteConnection } from "../../../src/store/sqlite/driver.ts";
import { openSqliteStore } from "../../../src/store/sqlite/store.ts";
import {
  contractCollections,
  insertAll,
  newOrganizationId,
  newTestRecord,
  testRecordReader,
  testRecords,
  writeTestRecords,
} from "../contract/records.fixture.ts";

describe("DatabaseFile", () => {
  let dataDir: string;
  let file: string;
  beforeEach(async () => {
    dataDir = await mkdtemp(join(tmpdir(), "gatehouse-files-"));
    file = join(dataDir, "gatehouse.db");
  });
  afterEach(() => rm(dataDir, { recursive: true, force: true }));
  const openStore = () => openSqliteStore({ dataDir, collections: contractCollections });
  const captureStartupError = (): StartupError => {
    try {
      void openStore().close();
    } catch (error) {
      if (error instanceof StartupError) return error;
      throw error;
    }
    throw new Error("the store was opened");
  };

  describe("at startup", () => {
    it("rejects a directory that is in use, even by the same process", async () => {
      const store = openStore();
      expect(captureStartupError().message).to.contain("in use by another gatehouse process");
      await store.close();
      await openStore().close();
    });

    it("rejects an empty file, which a truncation leaves, and does not change it", async () => {
      await openStore().close();
      await writeFile(file, "");
      expect(captureStartupError().message).to.contain(file).and.to.contain("the file is empty");
      expect((await stat(file)).size).to.equal(0);
    });

    it("rejects a missing file in a directory that has held a database, until lock.db is deleted too", async () => {
      await openStore().close();
      await rm(file);
      expect(captureStartupError().message).to.contain(file).and.to.contain("the file is missing");
      expect(existsSync(file)).to.equal(false);
      await rm(join(dataDir, "lock.db"));
      await openStore().close();
    });

    it("starts again after a crash during the first start, at every step of it", async () => {
      await writeFile(join(dataDir, "lock.db"), ""); // created first
      await writeFile(`${file}.new`, ""); // before the first write
      await openStore().close();
      const complete = await readFile(file);
      await rm(dataDir, { recursive: true });
      await mkdir(dataDir);
      await writeFile(join(dataDir, "lock.db"), "");
      await writeFile(`${file}.new`, complete.subarray(0, 5000)); // during the writes
      await writeFile(`${file}.new-journal`, "partial");
      await openStore().close();
      expect((await readdir(dataDir)).filter((name) => name.includes(".new"))).to.deep.equal([]);
      await rm(join(dataDir, "lock.db")); // after the file got its name, before that was recorded
      await writeFile(join(dataDir, "lock.db"), "");
      await openStore().close();
    });

    it("uses a directory that an earlier release has created, where lock.db is empty", async () => {
      const store = openStore();
      const organization = newOrganizationId();
      await insertAll(store, organization, [newTestRecord(organization, "kept")]);
      await store.close();
      await writeFile(join(dataDir, "lock.db"), "");
      const reopened = openStore();
      expect(await testRecordReader(reopened, organization).count()).to.equal(1);
      await reopened.close();
    });

    it("creates all missing levels of the directory, readable by the owner only", async () => {
      const nested = join(dataDir, "a", "b");
      await openSqliteStore({ dataDir: nested, collections: contractCollections }).close();
      for (const path of [nested, join(dataDir, "a")]) expect((await stat(path)).mode & 0o777).to.equal(0o700);
    });

    const open = (path: string) => () => openSqliteStore({ dataDir: path, collections: contractCollections });

    it("rejects a DATA_DIR that is a file or is below one", async () => {
      await writeFile(join(dataDir, "notes"), "");
      for (const path of [join(dataDir, "notes"), join(dataDir, "notes", "data")])
        expect(open(path)).to.throw(StartupError, `DATA_DIR ${path} is a file or is below one`);
    });

    it("rejects a DATA_DIR below /proc, where Node 20 would never return", function () {
      if (!existsSync("/proc/self")) {
        process.stdout.write("    (skipped: this machine has no /proc)\n");
        return this.skip();
      }
      expect(open("/proc/gatehouse/data")).to.throw(StartupError, "DATA_DIR /proc/gatehouse/data cannot be created");
    });

    it("rejects a DATA_DIR that the process may not write to", async () => {
      const nobody = 65_534;
      if (process.getuid?.() !== 0) {
        await chmod(dataDir, 0o500);
        expect(open(dataDir)).to.throw(StartupError, `DATA_DIR ${dataDir} is not writable`);
        return;
      }
      // Root may write everywhere, so another user tries it.
      await chmod(dataDir, 0o555);
      const storeModule = new URL("../../../src/store/sqlite/data-directory.js", import.meta.url).href;
      const script = `process.setgid(${nobody}); process.setuid(${nobody});
        try { DataDirectoryLock.acquire(${JSON.stringify(dataDir)}) } catch (error) { console.log(error.message) }`;
      const child = spawn(process.execPath, [
        ...["--input-type=module", "-e"],
        `import { DataDirectoryLock } from ${JSON.stringify(storeModule)}; ${script}`,
      ]);
      let output = "";
      child.stdout.on("data", (chunk) => {
        output += chunk;
      });
      await once(child, "close");
      expect(output).to.contain(`DATA_DIR ${dataDir} is not writable (EACCES)`);
    });

    it("rejects a file that is not a database and leaves it unchanged", async () => {
      const notes = Buffer.from("somebody's notes ".repeat(1000));
      await writeFile(file, notes);
      expect(captureStartupError().message).to.contain(file).and.to.contain("not a database");
      expect(await readFile(file)).to.deep.equal(notes);
    });

    it("rejects a database of another program and leaves it unchanged", async () => {
      const other = new SqliteConnection(file, { missing: "create" });
      other.exec("CREATE TABLE recipes (name TEXT); INSERT INTO recipes VALUES ('soup')");
      other.close();
      const bytes = await readFile(file);
      expect(captureStartupError().message).to.contain("another program");
      expect(await readFile(file)).to.deep.equal(bytes);
    });

    it("rejects a database of another format and leaves it unchanged", async () => {
      await openStore().close();
      const other = new SqliteConnection(file);
      other.exec("PRAGMA user_version=0");
      other.close();
      const bytes = await readFile(file);
      expect(captureStartupError().message).to.contain("format 0");
      expect(await readFile(file)).to.deep.equal(bytes);
    });

    it("rejects a damaged file and leaves it unchanged", async () => {
      const store = openStore();
      const organization = newOrganizationId();
      await insertAll(
        store,
        organization,
        Array.from({ length: 300 }, (_, at) => newTestRecord(organization, `${at}`, { note: "n".repeat(500) })),
      );
      await store.close();
      const handle = await openFile(file, "r+");
      const { size } = await handle.stat();
      await handle.write(Buffer.alloc(size / 2, 0x5a), 0, Math.floor(size / 2), Math.floor(size / 4));
      await handle.close();
      const bytes = await readFile(file);
      expect(captureStartupError().message).to.contain(file);
      expect(await readFile(file)).to.deep.equal(bytes);
    });
  });

  describe("at runtime", () => {
    const eventually = async (query: () => Promise<unknown>, wanted: "unavailable" | "answered"): Promise<void> => {
      for (;;) {
        const result = await query().then(
          (value) => value,
          (error: unknown) => error,
        );
        if (hasErrorCode(result, "unavailable")) {
          if (wanted === "unavailable") return;
        } else if (result instanceof Error) throw result;
        else {
          expect(result, "a record that is there is never said to be missing").to.not.equal(undefined);
          if (wanted === "answered") return;
        }
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
    };

    it("reports a moved file as unavailable, and uses it again once it is back", async () => {
      const store = openStore();
      const organization = newOrganizationId();
      await insertAll(store, organization, [newTestRecord(organization, "kept")]);
      const query = () => testRecordReader(store, organization).get("thg_kept");
      await rename(file, `${file}.away`);
      await eventually(query, "unavailable");
      const lost = await writeTestRecords(store, organization, (each) =>
        each.insert(newTestRecord(organization, "lost")),
      ).catch((error) => error);
      expect(hasErrorCode(lost, "unavailable")).to.equal(true);
      await rename(`${file}.away`, file);
      await eventually(query, "answered");
      expect(await testRecordReader(store, organization).get("thg_lost")).to.equal(undefined);
      await writeTestRecords(store, organization, (each) => each.insert(newTestRecord(organization, "more")));
      await store.close();
    });

    it("never replaces a deleted file by an empty one", async () => {
      const store = openStore();
      const organization = newOrganizationId();
      await insertAll(store, organization, [newTestRecord(organization, "kept")]);
      for (const end of ["", "-wal", "-shm"]) await rm(file + end, { force: true });
      await eventually(() => testRecordReader(store, organization).get("thg_kept"), "unavailable");
      await new Promise((resolve) => setTimeout(resolve, 400));
      await eventually(() => testRecordReader(store, organization).get("thg_kept"), "unavailable");
      expect(existsSync(file)).to.equal(false);
      await store.close();
    });
  });

  it("keeps every acknowledged record when the process is killed at any moment", async () => {
    const writer = fileURLToPath(new URL("./endless-writer.process.js", import.meta.url));
    for (let round = 0; round < 3; round++) {
      const child = spawn(process.execPath, ["--disable-proto=delete", writer, dataDir, String(round)], {
        stdio: ["ignore", "pipe", "inherit"],
      });
      let output = "";
      child.stdout.on("data", (chunk) => {
        output += chunk;
        if (output.length > 4000 * (round + 1)) child.kill("SIGKILL");
      });
      await once(child, "close");
      const acknowledged = output.split("\n").slice(0, -1);
      expect(acknowledged.length).to.be.greaterThan(50);
      const store = openStore();
      const { items } = await testRecordReader(store, "org_writer").list({
        where: { op: "in", path: "id", values: acknowledged },
        limit: acknowledged.length,
      });
      expect(items).to.have.length(acknowledged.length);
      await store.close();
    }
  });

  it("commits concurrent transactions together, and isolates the failure of one", async () => {
    const store = openStore();
    const organization = newOrganizationId();
    const outcomes = await Promise.allSettled(
      Array.from({ length: 16 }, (_, at) =>
        writeTestRecords(store, organization, async (each) => {
          await each.insert(newTestRecord(organization, `${at}`));
          if (at === 7) throw new Error("this one fails");
        }),
      ),
    );
    expect(outcomes.flatMap(({ status }, at) => (status === "rejected" ? [at] : []))).to.deep.equal([7]);
    expect(await testRecordReader(store, organization).count()).to.equal(15);
    await store.close();
  });

  it("answers reads during the write of many members, without showing uncommitted members", async () => {
    const store = openStore();
    const organization = newOrganizationId();
    await insertAll(store, organization, [newTestRecord(organization, "kept")]);
    const ids = Array.from({ length: 20_000 }, (_, at) => `usr_${at}`);
    let written = false;
    const change = store
      .transaction((tenant) => tenant.for(organization).memberships.add("grp_1", ids))
      .then((added) => {
        written = true;
        return added;
      });
    let answered = 0;
    while (!written) {
      // The members can be read from the commit on, which is shortly before the transaction settles.
      const members = await store.for(organization).memberships.members("grp_1", { limit: ids.length + 1 });
      expect(members.length).to.be.oneOf([0, ids.length]);
      answered++;
      await new Promise((resolve) => setImmediate(resolve));
    }
    expect(answered).to.be.greaterThan(20);
    expect(await change).to.have.length(ids.length);
    await store.close();
  });

  describe("a full scan", () => {
    const organization = "org_large";
    const many = 60_000;
    const seed = async (store: ReturnType<typeof openStore>): Promise<void> => {
      for (let from = 0; from < many; from += 5000) {
        await writeTestRecords(store, organization, async (each) => {
          for (let at = from; at < from + 5000; at++)
            await each.insert(newTestRecord(organization, String(at).padStart(6, "0"), { note: `note ${at}` }));
        });
      }
    };
    const where = { op: "contains", path: "note", value: "nowhere" } as const;

    it("does not block other queries and ends at its time limit", async () => {
      const store = openStore();
      await seed(store);
      let scanned = false;
      const scan = testRecordReader(store, organization)
        .list({ where, limit: 10 })
        .then(() => {
          scanned = true;
        });
      let answered = 0;
      while (!scanned) {
        expect((await testRecordReader(store, organization).get("thg_000001"))?.note).to.equal("note 1");
        answered++;
        await new Promise((resolve) => setImmediate(resolve));
      }
      await scan;
      expect(answered).to.be.greaterThan(20);
      await store.close();

      const hasty = openSqliteStore({ dataDir, collections: contractCollections, scanTimeMs: 1 });
      const outcome = await testRecordReader(hasty, organization)
        .list({ where, limit: 10 })
        .catch((error) => error);
      expect(hasErrorCode(outcome, "query-too-expensive")).to.equal(true);
      await hasty.close();
    });

    it("is rejected inside a transaction, where all other writers would wait for it", async () => {
      const store = openStore();
      const outcome = await store
        .transaction((change) => change.for(organization).open(testRecords).list({ where, limit: 10 }))
        .catch((error) => error);
      expect(outcome).to.be.instanceOf(Error);
      expect(String(outcome)).to.contain("transaction");
      await store.close();
    });
  });
});
