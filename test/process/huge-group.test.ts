import { existsSync } from "node:fs";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { get } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import { newId } from "../../src/domain/entity.ts";
import { openStore } from "../../src/store/open.ts";
import { startProcess } from "../support/process.ts";
import { groupUrn } from "../support/service.ts";

const members = 100_000;
const mebibyte = 1024 * 1024;

describe("GET of a group with 100,000 members", () => {
  it("streams all members and adds less than 64 MiB to the memory of the process", async function () {
    if (!existsSync("/proc/self/clear_refs")) {
      process.stdout.write("    (skipped: the test reads the peak memory of a process from /proc on Linux)\n");
      return this.skip();
    }
    this.timeout(120_000);
    const DATA_DIR = await mkdtemp(join(tmpdir(), "gatehouse-huge-"));
    try {
      const first = await startProcess({ DATA_DIR });
      const creation = await first
        .clientWithSecret(first.firstSecret)
        .post("/scim/v2/Groups")
        .send({ schemas: [groupUrn], displayName: "Everybody" })
        .expect(201);
      const { organizationId } = (await first.clientWithSecret(first.firstSecret).get("/api/whoami").expect(200)).body;
      await first.stop("SIGTERM");
      const { id } = JSON.parse(creation.text);
      await addMembers(DATA_DIR, organizationId, id);

      const second = await startProcess({ DATA_DIR });
      const path = `/scim/v2/Groups/${id}`;
      const countMembers = () => readMemberCount(second.port, path, first.firstSecret);
      // The first responses of a process allocate memory that later ones reuse.
      for (let count = 0; count < 50; count++)
        await second.clientWithSecret(first.firstSecret).get(`${path}?excludedAttributes=members`).expect(200);
      const before = await readMemory(second.child.pid, "VmRSS");
      await writeFile(`/proc/${second.child.pid}/clear_refs`, "5"); // resets the peak
      const memberCount = await countMembers();
      const peak = await readMemory(second.child.pid, "VmHWM");
      expect(await second.stop("SIGTERM")).to.equal(0);
      expect(memberCount).to.equal(members);
      expect((peak - before) / mebibyte).to.be.lessThan(64);
    } finally {
      await rm(DATA_DIR, { recursive: true, force: true });
    }
  });
});

/** Adds the members through the store, which is faster than 100,000 requests. */
async function addMembers(dataDir: string, organizationId: string, groupId: string): Promise<void> {
  const store = await openStore({ dataDir });
  for (let added = 0; added < members; added += 5000) {
    const ids = Array.from({ length: 5000 }, () => newId("usr"));
    await store.transaction((change) => change.for(organizationId).memberships.add(groupId, ids));
  }
  await store.close();
}

/** Counts the members in a response without buffering it. */
function readMemberCount(port: number, path: string, secret: string): Promise<number> {
  return new Promise((resolve, reject) => {
    get({ port, path, host: "127.0.0.1", headers: { Authorization: `Bearer ${secret}` } }, (response) => {
      let count = 0;
      let rest = "";
      response.setEncoding("utf8");
      response.on("data", (chunk: string) => {
        const parts = (rest + chunk).split('"value":');
        rest = parts.pop() ?? "";
        count += parts.length;
      });
      response.on("end", () => resolve(count));
      response.on("error", reject);
    }).on("error", reject);
  });
}

/** Reads a memory figure of a process, in bytes. */
async function readMemory(pid: number | undefined, field: "VmRSS" | "VmHWM"): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, "utf8");
  return Number(new RegExp(`${field}:\\s+(\\d+) kB`).exec(status)?.[1]) * 1024;
}
