import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { mkdtemp, open, readFile, rename, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect } from "chai";
import { isFault, StartError } from "../../src/errors.ts";
import { openSqliteStore } from "../../src/store/sqlite.ts";
import { Connection } from "../../src/store/sqlite-driver.ts";
import { contractCollections, insertAll, newOrganization, reading, thing, things, write } from "./contract/things.ts";

describe("The files of the embedded store", () => {
  let dataDir: string;
  let file: string;
  beforeEach(async () => {
    dataDir = await mkdtemp(join(tmpdir(), "gatehouse-files-"));
    file = join(dataDir, "gatehouse.db");
  });
  afterEach(() => rm(dataDir, { recursive: true, force: true }));
  const openStore = () => openSqliteStore({ dataDir, collections: contractCollections });
  const refusal = (): StartError => {
    try {
      void openStore().close();
    } catch (error) {
      if (error instanceof StartError) return error;
      throw error;
    }
    throw new Error("the store was opened");
  };

  describe("at start", () => {
    it("a folder that is in use is refused, also by the process that holds it", async () => {
      const store = openStore();
      expect(refusal().message).to.contain("in use by another gatehouse process");
      await store.close();
      await openStore().close();
    });

    it("a file that is no database is refused and left as it is", async () => {
      const notes = Buffer.from("somebody's notes ".repeat(1000));
      await writeFile(file, notes);
      expect(refusal().message).to.contain(file).and.to.contain("not a database");
      expect(await readFile(file)).to.deep.equal(notes);
    });

    it("a database of another program is refused and left as it is", async () => {
      const other = new Connection(file, { missing: "create" });
      other.exec("CREATE TABLE recipes (name TEXT); INSERT INTO recipes VALUES ('soup')");
      other.close();
      const bytes = await readFile(file);
      expect(refusal().message).to.contain("another program");
      expect(await readFile(file)).to.deep.equal(bytes);
    });

    it("a database of another format is refused and left as it is", async () => {
      await openStore().close();
      const other = new Connection(file);
      other.exec("PRAGMA user_version=0");
      other.close();
      const bytes = await readFile(file);
      expect(refusal().message).to.contain("format 0");
      expect(await readFile(file)).to.deep.equal(bytes);
    });

    it("a damaged file is refused and left as it is", async () => {
      const store = openStore();
      const organization = newOrganization();
      await insertAll(
        store,
        organization,
        Array.from({ length: 300 }, (_, at) => thing(organization, `${at}`, { note: "n".repeat(500) })),
      );
      await store.close();
      const handle = await open(file, "r+");
      const { size } = await handle.stat();
      await handle.write(Buffer.alloc(size / 2, 0x5a), 0, Math.floor(size / 2), Math.floor(size / 4));
      await handle.close();
      const bytes = await readFile(file);
      expect(refusal().message).to.contain(file);
      expect(await readFile(file)).to.deep.equal(bytes);
    });
  });

  describe("while it runs", () => {
    const eventually = async (ask: () => Promise<unknown>, wanted: "unavailable" | "answered"): Promise<void> => {
      for (;;) {
        const answer = await ask().then(
          (value) => value,
          (error: unknown) => error,
        );
        if (isFault(answer, "unavailable")) {
          if (wanted === "unavailable") return;
        } else if (answer instanceof Error) throw answer;
        else {
          expect(answer, "a record that is there is never said to be missing").to.not.equal(undefined);
          if (wanted === "answered") return;
        }
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
    };

    it("a file that is moved away is unavailable, not empty, and is used again when it is back", async () => {
      const store = openStore();
      const organization = newOrganization();
      await insertAll(store, organization, [thing(organization, "kept")]);
      const ask = () => reading(store, organization).get("thg_kept");
      await rename(file, `${file}.away`);
      await eventually(ask, "unavailable");
      const lost = await write(store, organization, (each) => each.insert(thing(organization, "lost"))).catch(
        (error) => error,
      );
      expect(isFault(lost, "unavailable")).to.equal(true);
      await rename(`${file}.away`, file);
      await eventually(ask, "answered");
      expect(await reading(store, organization).get("thg_lost")).to.equal(undefined);
      await write(store, organization, (each) => each.insert(thing(organization, "more")));
      await store.close();
    });

    it("a file that is deleted stays missed: no empty one takes its place", async () => {
      const store = openStore();
      const organization = newOrganization();
      await insertAll(store, organization, [thing(organization, "kept")]);
      for (const end of ["", "-wal", "-shm"]) await rm(file + end, { force: true });
      await eventually(() => reading(store, organization).get("thg_kept"), "unavailable");
      await new Promise((resolve) => setTimeout(resolve, 400));
      await eventually(() => reading(store, organization).get("thg_kept"), "unavailable");
      expect(existsSync(file)).to.equal(false);
      await store.close();
    });
  });

  it("keep every acknowledged record when the process is killed at any moment", async () => {
    const writer = fileURLToPath(new URL("./support/endless-writer.js", import.meta.url));
    for (let round = 0; round < 3; round++) {
      const child = spawn(process.execPath, ["--disable-proto=delete", writer, dataDir, String(round)], {
        stdio: ["ignore", "pipe", "inherit"],
      });
      let said = "";
      child.stdout.on("data", (chunk) => {
        said += chunk;
        if (said.length > 4000 * (round + 1)) child.kill("SIGKILL");
      });
      await once(child, "close");
      const acknowledged = said.split("\n").slice(0, -1);
      expect(acknowledged.length).to.be.greaterThan(50);
      const store = openStore();
      const { items } = await reading(store, "org_writer").list({
        where: { op: "in", path: "id", values: acknowledged },
        limit: acknowledged.length,
      });
      expect(items).to.have.length(acknowledged.length);
      await store.close();
    }
  });

  it("share one commit among changes that come together, and one that fails fails alone", async () => {
    const store = openStore();
    const organization = newOrganization();
    const outcomes = await Promise.allSettled(
      Array.from({ length: 16 }, (_, at) =>
        write(store, organization, async (each) => {
          await each.insert(thing(organization, `${at}`));
          if (at === 7) throw new Error("this one fails");
        }),
      ),
    );
    expect(outcomes.flatMap(({ status }, at) => (status === "rejected" ? [at] : []))).to.deep.equal([7]);
    expect(await reading(store, organization).count()).to.equal(15);
    await store.close();
  });

  it("let reads be answered while a change of many members is written, which they do not see", async () => {
    const store = openStore();
    const organization = newOrganization();
    await insertAll(store, organization, [thing(organization, "kept")]);
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
      const members = await store.for(organization).memberships.members("grp_1", { limit: 1 });
      if (!written) expect(members).to.deep.equal([]);
      answered++;
      await new Promise((resolve) => setImmediate(resolve));
    }
    expect(answered).to.be.greaterThan(20);
    expect(await change).to.have.length(ids.length);
    await store.close();
  });

  describe("a question that no index narrows", () => {
    const organization = "org_large";
    const many = 60_000;
    const seed = async (store: ReturnType<typeof openStore>): Promise<void> => {
      for (let from = 0; from < many; from += 5000) {
        await write(store, organization, async (each) => {
          for (let at = from; at < from + 5000; at++)
            await each.insert(thing(organization, String(at).padStart(6, "0"), { note: `note ${at}` }));
        });
      }
    };
    const where = { op: "contains", path: "note", value: "nowhere" } as const;

    it("lets the others be answered while it is worked on, and is given up at its bound", async () => {
      const store = openStore();
      await seed(store);
      let scanned = false;
      const scan = reading(store, organization)
        .list({ where, limit: 10 })
        .then(() => {
          scanned = true;
        });
      let answered = 0;
      while (!scanned) {
        expect((await reading(store, organization).get("thg_000001"))?.note).to.equal("note 1");
        answered++;
        await new Promise((resolve) => setImmediate(resolve));
      }
      await scan;
      expect(answered).to.be.greaterThan(20);
      await store.close();

      const hasty = openSqliteStore({ dataDir, collections: contractCollections, scanTimeMs: 1 });
      const refused = await reading(hasty, organization)
        .list({ where, limit: 10 })
        .catch((error) => error);
      expect(isFault(refused, "query-too-expensive")).to.equal(true);
      await hasty.close();
    });

    it("is refused inside a transaction, where all other writers would wait for it", async () => {
      const store = openStore();
      const asked = await store
        .transaction((change) => change.for(organization).open(things).list({ where, limit: 10 }))
        .catch((error) => error);
      expect(asked).to.be.instanceOf(Error);
      expect(String(asked)).to.contain("transaction");
      await store.close();
    });
  });
});
