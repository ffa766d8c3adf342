import { mkdtemp, rm } from "node:fs/promises";
import { request } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import { withConnection, withDatabase } from "../store/mongo-opened.ts";
import { testMongo } from "../support/mongod.ts";
import { type ServiceProcess, startProcess } from "../support/process.ts";
import { remember } from "../support/secrets.ts";
import { patchUrn } from "../support/service.ts";

const mongo = await testMongo();

interface Told {
  readonly status: number;
  readonly body: Readonly<Record<string, string>>;
}

/** One request over a kept connection, as clients of a busy service send it. */
async function ask(
  process: ServiceProcess,
  secret: string,
  method: string,
  path: string,
  body?: object,
): Promise<Told> {
  const answer = await fetch(`http://127.0.0.1:${process.port}${path}`, {
    method,
    headers: { Authorization: `Bearer ${secret}`, "Content-Type": "application/json" },
    ...(body && { body: JSON.stringify(body) }),
  });
  const text = await answer.text();
  return { status: answer.status, body: text === "" ? {} : JSON.parse(text) };
}

(mongo ? describe : describe.skip)("Tokens that end, at two processes on one MongoDB", () => {
  let uri: string;
  let one: ServiceProcess;
  let two: ServiceProcess;
  let admin: string;
  let isOver = false;
  let load: readonly Promise<void>[] = [];
  before(async () => {
    uri = withDatabase(mongo?.uri ?? "", `gatehouse_tokens_${Date.now()}`);
    [one, two] = [await startProcess({ MONGODB_URI: uri }), await startProcess({ MONGODB_URI: uri })];
    admin = one.firstSecret;
    load = [one, two, one, two].map(async (process) => {
      while (!isOver) expect((await ask(process, admin, "GET", "/api/users?limit=10")).status).to.equal(200);
    });
  });
  after(async () => {
    isOver = true;
    await Promise.all(load);
    await Promise.all([one.end("SIGTERM"), two.end("SIGTERM")]);
    await withConnection(uri, (connection) => connection.dropDatabase());
  });

  const make = async (body: object): Promise<{ readonly id: string; readonly secret: string }> => {
    const { status, body: made } = await ask(one, admin, "POST", "/api/tokens", { name: "short-lived", ...body });
    expect(status).to.equal(201);
    return { id: made["id"] ?? "", secret: remember(made["token"] ?? "") };
  };
  const changed = async (method: string, path: string, body?: object): Promise<void> => {
    expect((await ask(two, admin, method, path, body)).status).to.be.oneOf([200, 204]);
  };
  const reader = (): ReturnType<typeof make> => make({ scopes: ["admin:read"] });

  /** How a token comes to its end; each is told to one process only. */
  const endings: Readonly<Record<string, () => Promise<{ secret: string; end: () => Promise<void> }>>> = {
    revoked: async () => {
      const { id, secret } = await reader();
      return { secret, end: () => changed("DELETE", `/api/tokens/${id}`) };
    },
    disabled: async () => {
      const { id, secret } = await reader();
      return { secret, end: () => changed("PATCH", `/api/tokens/${id}`, { enabled: false }) };
    },
    "rotated out": async () => {
      const { id, secret } = await reader();
      return { secret, end: () => changed("POST", `/api/tokens/${id}/rotate`) };
    },
    expired: async () => {
      const { id, secret } = await reader();
      const end = async (): Promise<void> => {
        const expiresAt = Date.now() + 300;
        await changed("PATCH", `/api/tokens/${id}`, { expiresAt: new Date(expiresAt).toISOString() });
        while (Date.now() <= expiresAt) await new Promise((resolve) => setTimeout(resolve, 20));
      };
      return { secret, end };
    },
    "of a user who is deprovisioned": async () => {
      const userName = `ada-${Math.random()}`;
      const { body } = await ask(one, admin, "POST", "/api/users", { userName });
      const { secret } = await make({ type: "mcp", userId: body["id"] });
      const Operations = [{ op: "Replace", path: "active", value: "False" }];
      return {
        secret,
        end: () => changed("PATCH", `/scim/v2/Users/${body["id"]}`, { schemas: [patchUrn], Operations }),
      };
    },
  };

  for (const [how, begin] of Object.entries(endings)) {
    it(`${how}: no request that is sent after the answer to the change is accepted, by either`, async function () {
      this.timeout(120_000);
      for (let round = 0; round < 10; round++) {
        const { secret, end } = await begin();
        const seen: { readonly sentAt: number; readonly status: number }[] = [];
        let endedAt = Infinity;
        const asking = [one, two, one, two].map(async (process) => {
          for (let after = 0; after < 3; ) {
            const sentAt = performance.now();
            if (sentAt > endedAt) after++;
            const { status } = await ask(process, secret, "GET", "/api/whoami");
            seen.push({ sentAt, status });
          }
        });
        await new Promise((resolve) => setTimeout(resolve, 20));
        await end();
        endedAt = performance.now();
        await Promise.all(asking);
        const late = seen.filter(({ sentAt }) => sentAt > endedAt).map(({ status }) => status);
        expect(late).to.deep.equal(Array(12).fill(401));
        expect(
          seen.map(({ status }) => status),
          "it worked before",
        ).to.include(200);
      }
    });
  }

  it("of two that rotate themselves at the same time exactly one wins, 1,000 times over", async function () {
    this.timeout(300_000);
    isOver = true;
    const { id, secret } = await reader();
    let current = secret;
    for (let round = 0; round < 1000; round++) {
      const answers = await Promise.all(
        [one, two].map((process) => ask(process, current, "POST", `/api/tokens/${id}/rotate`, {})),
      );
      const [winner, ...others] = answers.filter(({ status }) => status === 200);
      expect(others, `round ${round}`).to.deep.equal([]);
      expect(answers.map(({ status }) => status).sort(), `round ${round}`).to.be.deep.oneOf([
        [200, 409],
        [200, 401],
      ]);
      current = winner?.body["token"] ?? "";
    }
    for (const process of [one, two]) expect((await ask(process, current, "GET", "/api/whoami")).status).to.equal(200);
    const { body } = await ask(one, admin, "GET", `/api/tokens/${id}`);
    expect(body["version"], "each rotation is one version").to.equal(1001);
  });
});

describe("A service that dies between a rotation and its answer", () => {
  let dataDir: string;
  let service: ServiceProcess;
  let admin: string;
  before(async () => {
    dataDir = await mkdtemp(join(tmpdir(), "gatehouse-rotation-"));
    service = await startProcess({ DATA_DIR: dataDir });
    admin = service.firstSecret;
  });
  after(async () => {
    await service.end("SIGTERM");
    await rm(dataDir, { recursive: true });
  });

  /** Rotates a token, hears no answer, and finds the service killed and started again. */
  const rotateUnheard = async (gracePeriodSeconds: number): Promise<{ id: string; secret: string }> => {
    const { body: made } = await ask(service, admin, "POST", "/api/tokens", { name: "ci", scopes: ["admin:read"] });
    const { id = "", token: secret = "", prefix } = made;
    remember(secret);
    const sent = request({
      ...{ host: "127.0.0.1", port: service.port, method: "POST", path: `/api/tokens/${id}/rotate` },
      headers: { Authorization: `Bearer ${secret}`, "Content-Type": "application/json" },
    });
    sent.on("error", () => undefined);
    sent.end(JSON.stringify({ gracePeriodSeconds }), () => setTimeout(() => sent.destroy(), 1));
    for (let now = prefix; now === prefix; ) {
      now = (await ask(service, admin, "GET", `/api/tokens/${id}`)).body["prefix"];
    }
    await service.end("SIGKILL");
    service = await startProcess({ DATA_DIR: dataDir });
    return { id, secret };
  };
  const status = async (secret: string): Promise<number> => (await ask(service, secret, "GET", "/api/users")).status;

  it("leaves a token that still works for the grace, and that whoever manages tokens rotates again", async () => {
    const { id, secret } = await rotateUnheard(600);
    expect(await status(secret)).to.equal(200);
    expect((await ask(service, secret, "POST", `/api/tokens/${id}/rotate`)).status, "not by itself").to.equal(409);
    const { body } = await ask(service, admin, "POST", `/api/tokens/${id}/rotate`);
    expect(await status(remember(body["token"] ?? ""))).to.equal(200);
  });

  it("leaves, without a grace, a token that whoever manages tokens rotates again", async () => {
    const { id, secret } = await rotateUnheard(0);
    expect(await status(secret)).to.equal(401);
    const { body } = await ask(service, admin, "POST", `/api/tokens/${id}/rotate`);
    expect(await status(remember(body["token"] ?? ""))).to.equal(200);
  });
});
