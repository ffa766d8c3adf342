import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { copyFile, mkdtemp, readFile, rename, rm, stat, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect } from "chai";
import { isFault, StartError } from "../../src/errors.ts";
import type { Store } from "../../src/store/collection.ts";
import { openSqliteStore } from "../../src/store/sqlite.ts";
import { Connection } from "../../src/store/sqlite-driver.ts";
import { contractCollections, insertAll, reading, thing, things } from "./contract/things.ts";

const organization = "org_recovery";

describe("The embedded store and what happens to its folder", () => {
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
    insertAll(store, organization, [thing(organization, name, { code: name })]);
  /** Asks until the answer is as wanted. @returns what was answered on the way */
  const until = async (ask: () => Promise<unknown>, wanted: (answer: unknown) => boolean): Promise<unknown[]> => {
    const answers: unknown[] = [];
    for (;;) {
      const answer = await ask().catch((error: unknown) => error);
      answers.push(answer);
      if (wanted(answer)) return answers;
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
  };
  const isUnavailable = (answer: unknown): boolean => isFault(answer, "unavailable");

  it("refuses a second process, and lets it in once the first is gone, killed or not", async () => {
    const start = async (): Promise<{ readonly child: ChildProcess; readonly said: string }> => {
      const holder = fileURLToPath(new URL("./support/holder.js", import.meta.url));
      const child = spawn(process.execPath, ["--disable-proto=delete", holder, dataDir], {
        stdio: ["pipe", "pipe", "inherit"],
      });
      const [said] = (await once(child.stdout, "data")) as [Buffer];
      return { child, said: String(said) };
    };
    const first = await start();
    expect(first.said).to.equal("open\n");
    const second = await start();
    expect(second.said).to.contain("StartError").and.to.contain(dataDir).and.to.contain("in use by another gatehouse");
    expect(openStore).to.throw(StartError, "in use by another gatehouse");
    first.child.kill("SIGKILL");
    await once(first.child, "close");
    const third = await start();
    expect(third.said).to.equal("open\n");
    third.child.stdin?.end();
    await once(third.child, "close");
    await openStore().ping();
  });

  it("changes nothing of the schema when it is opened again", async () => {
    const version = (): unknown => {
      const connection = new Connection(file, { readOnly: true });
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

  for (const [what, size] of [
    ["by its last quarter", 0.75],
    ["to less than a page", 0.001],
  ] as const) {
    it(`refuses a file that was cut short ${what}, and leaves it as it is`, async () => {
      const store = openStore();
      await insertAll(
        store,
        organization,
        Array.from({ length: 400 }, (_, at) => thing(organization, `${at}`, { note: "n".repeat(500) })),
      );
      await store.close();
      await truncate(file, Math.floor((await stat(file)).size * size));
      const bytes = await readFile(file);
      expect(openStore).to.throw(StartError, file);
      expect(await readFile(file)).to.deep.equal(bytes);
    });
  }

  it("refuses an empty file beside a log that is not, and leaves both as they are", async () => {
    const store = openStore();
    await insert(store, "a");
    const log = await readFile(`${file}-wal`);
    await store.close();
    await writeFile(file, "");
    await writeFile(`${file}-wal`, log);
    expect(openStore).to.throw(StartError, "its log is there");
    expect((await stat(file)).size).to.equal(0);
    expect(await readFile(`${file}-wal`)).to.deep.equal(log);
  });

  it("never acknowledges a write that a moved file does not hold, and takes up again under load", async () => {
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
      const answers = await until(() => reading(store, organization).get(acknowledged[0] ?? ""), isUnavailable);
      expect(answers).to.not.include(undefined);
      await rename(`${file}.away`, file);
      const again = acknowledged.length;
      await until(async () => acknowledged.length > again, Boolean);
    }
    running = false;
    await Promise.all(writers);
    const all = await reading(store, organization).count({ op: "in", path: "id", values: acknowledged });
    expect(all).to.equal(acknowledged.length);
    await store.close();
    expect(await reading(openStore(), organization).count({ op: "in", path: "id", values: acknowledged })).to.equal(
      acknowledged.length,
    );
  });

  it("does not acknowledge a change whose file goes away before it is kept", async () => {
    const store = openStore();
    await insert(store, "a");
    const outcome = await store
      .transaction(async (change) => {
        await change.for(organization).open(things).insert(thing(organization, "b"));
        await rename(file, `${file}.away`);
      })
      .catch((error: unknown) => error);
    expect(isUnavailable(outcome)).to.equal(true);
    await rename(`${file}.away`, file);
    await until(
      () => store.ping(),
      (answer) => answer === undefined,
    );
    expect(await reading(store, organization).count()).to.equal(1);
  });

  it("does not play its log into another file that is put in its place", async () => {
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
    // Long enough for it to have looked again.
    const answers = await until(
      () => running.ping(),
      () => Date.now() - started > 600,
    );
    for (const answer of answers) expect(isUnavailable(answer)).to.equal(true);
    expect(await readFile(file)).to.deep.equal(bytes);
    await rename(`${file}.away`, file);
    await until(
      () => running.ping(),
      (answer) => answer === undefined,
    );
    expect(await reading(running, organization).count()).to.equal(2);
  });
});
