import { existsSync } from "node:fs";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { get } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import { openStore } from "../../src/app.ts";
import { newId } from "../../src/domain/entity.ts";
import { startProcess } from "../support/process.ts";
import { groupUrn } from "../support/service.ts";

const members = 100_000;
const mebibyte = 1024 * 1024;

describe("GET of a group of 100,000 members", () => {
  it("streams all of them, and grows the process by less than 64 MiB", async function () {
    if (!existsSync("/proc/self/clear_refs")) {
      process.stdout.write("    (skipped: the peak memory of a process is read from Linux's /proc)\n");
      return this.skip();
    }
    this.timeout(120_000);
    const DATA_DIR = await mkdtemp(join(tmpdir(), "gatehouse-huge-"));
    try {
      const first = await startProcess({ DATA_DIR });
      const made = await first
        .with(first.firstSecret)
        .post("/scim/v2/Groups")
        .send({ schemas: [groupUrn], displayName: "Everybody" })
        .expect(201);
      const { organizationId } = (await first.with(first.firstSecret).get("/api/whoami").expect(200)).body;
      await first.end("SIGTERM");
      const { id } = JSON.parse(made.text);
      await addMembers(DATA_DIR, organizationId, id);

      const second = await startProcess({ DATA_DIR });
      const path = `/scim/v2/Groups/${id}`;
      const read = () => length(second.port, path, first.firstSecret);
      // The first answers of a process make it grow by what every later one uses again.
      for (let count = 0; count < 50; count++)
        await second.with(first.firstSecret).get(`${path}?excludedAttributes=members`).expect(200);
      const before = await memory(second.child.pid, "VmRSS");
      await writeFile(`/proc/${second.child.pid}/clear_refs`, "5"); // the peak begins anew
      const entries = await read();
      const peak = await memory(second.child.pid, "VmHWM");
      expect(await second.end("SIGTERM")).to.equal(0);
      expect(entries).to.equal(members);
      expect((peak - before) / mebibyte).to.be.lessThan(64);
    } finally {
      await rm(DATA_DIR, { recursive: true, force: true });
    }
  });
});

/** Through the store, as a hundred thousand additions one by one would have left it. */
async function addMembers(dataDir: string, organizationId: string, groupId: string): Promise<void> {
  const store = await openStore({ dataDir });
  for (let added = 0; added < members; added += 5000) {
    const ids = Array.from({ length: 5000 }, () => newId("usr"));
    await store.transaction((change) => change.for(organizationId).memberships.add(groupId, ids));
  }
  await store.close();
}

/** How many members the answer has, read without keeping it. */
function length(port: number, path: string, secret: string): Promise<number> {
  return new Promise((resolve, reject) => {
    get({ port, path, host: "127.0.0.1", headers: { Authorization: `Bearer ${secret}` } }, (answer) => {
      let count = 0;
      let rest = "";
      answer.setEncoding("utf8");
      answer.on("data", (chunk: string) => {
        const parts = (rest + chunk).split('"value":');
        rest = parts.pop() ?? "";
        count += parts.length;
      });
      answer.on("end", () => resolve(count));
      answer.on("error", reject);
    }).on("error", reject);
  });
}

async function memory(pid: number | undefined, field: "VmRSS" | "VmHWM"): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, "utf8");
  return Number(new RegExp(`${field}:\\s+(\\d+) kB`).exec(status)?.[1]) * 1024;
}
