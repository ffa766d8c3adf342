import { mkdtemp, rm } from "node:fs/promises";
import { request } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import { withConnection, withDatabase } from "../store/mongodb/mongodb.fixture.ts";
import { expireSoon } from "../support/expiry.ts";
import { describeOnMongod } from "../support/mongod.ts";
import { type ServiceProcess, startProcess } from "../support/process.ts";
import { repetitionsOf } from "../support/repetitions.ts";
import { trackSecret } from "../support/secrets.ts";
import { patchUrn } from "../support/service.ts";

interface Response {
  readonly status: number;
  readonly body: Readonly<Record<string, string>>;
}

/** Sends one request over a kept-alive connection. */
async function send(
  process: ServiceProcess,
  secret: string,
  method: string,
  path: string,
  body?: object,
): Promise<Response> {
  const response = await fetch(`http://127.0.0.1:${process.port}${path}`, {
    method,
    headers: { Authorization: `Bearer ${secret}`, "Content-Type": "application/json" },
    ...(body && { body: JSON.stringify(body) }),
  });
  const text = await response.text();
  return { status: response.status, body: text === "" ? {} : JSON.parse(text) };
}

describeOnMongod("End of a token at two processes that share MongoDB", (server) => {
  let uri: string;
  let one: ServiceProcess;
  let two: ServiceProcess;
  let admin: string;
  let isLoadStopped = false;
  let load: readonly Promise<void>[] = [];
  before(async () => {
    uri = withDatabase(server(), `gatehouse_tokens_${Date.now()}`);
    [one, two] = [await startProcess({ MONGODB_URI: uri }), await startProcess({ MONGODB_URI: uri })];
    admin = one.firstSecret;
    load = [one, two, one, two].map(async (process) => {
      while (!isLoadStopped) expect((await send(process, admin, "GET", "/api/users?limit=10")).status).to.equal(200);
    });
  });
  after(async () => {
    isLoadStopped = true;
    await Promise.all(load);
    await Promise.all([one.stop("SIGTERM"), two.stop("SIGTERM")]);
    await withConnection(uri, (connection) => connection.dropDatabase());
  });

  const createToken = async (body: object): Promise<{ readonly id: string; readonly secret: string }> => {
    const { status, body: token } = await send(one, admin, "POST", "/api/tokens", { name: "short-lived", ...body });
    expect(status).to.equal(201);
    return { id: token["id"] ?? "", secret: trackSecret(token["token"] ?? "") };
  };
  const change = async (method: string, path: string, body?: object): Promise<void> => {
    expect((await send(two, admin, method, path, body)).status).to.be.oneOf([200, 204]);
  };
  const createReaderToken = (): ReturnType<typeof createToken> => createToken({ scopes: ["admin:read"] });

  /** The changes that end a token. Each is sent to one process only. */
  const endings: Readonly<Record<string, () => Promise<{ secret: string; end: () => Promise<void> }>>> = {
    revoked: async () => {
      const { id, secret } = await createReaderToken();
      return { secret, end: () => change("DELETE", `/api/tokens/${id}`) };
    },
    disabled: async () => {
      const { id, secret } = await createReaderToken();
      return { secret, end: () => change("PATCH", `/api/tokens/${id}`, { enabled: false }) };
    },
    rotated: async () => {
      const { id, secret } = await createReaderToken();
      return { secret, end: () => change("POST", `/api/tokens/${id}/rotate`) };
    },
    expired: async () => {
      const { id, secret } = await createReaderToken();
      const end = (): Promise<void> =>
        expireSoon(async (expiresAt) => (await send(two, admin, "PATCH", `/api/tokens/${id}`, { expiresAt })).status);
      return { secret, end };
    },
    "owned by a deactivated user": async () => {
      const userName = `ada-${Math.random()}`;
      const { body } = await send(one, admin, "POST", "/api/users", { userName });
      const { secret } = await createToken({ type: "mcp", userId: body["id"] });
      const Operations = [{ op: "Replace", path: "active", value: "False" }];
      return {
        secret,
        end: () => change("PATCH", `/scim/v2/Users/${body["id"]}`, { schemas: [patchUrn], Operations }),
      };
    },
  };

  for (const [ending, prepare] of Object.entries(endings)) {
    it(`rejects a token that is ${ending} on every request that is sent after the response to the change`, async function () {
      this.timeout(120_000);
      for (let round = 0; round < 10; round++) {
        const { secret, end } = await prepare();
        const requests: { readonly sentAt: number; readonly status: number }[] = [];
        let endedAt = Infinity;
        const clients = [one, two, one, two].map(async (process) => {
          for (let after = 0; after < 3; ) {
            const sentAt = performance.now();
            if (sentAt > endedAt) after++;
            const { status } = await send(process, secret, "GET", "/api/whoami");
            requests.push({ sentAt, status });
          }
        });
        await new Promise((resolve) => setTimeout(resolve, 20));
        await end();
        endedAt = performance.now();
        await Promise.all(clients);
        const late = requests.filter(({ sentAt }) => sentAt > endedAt).map(({ status }) => status);
        expect(late).to.deep.equal(Array(12).fill(401));
        expect(
          requests.map(({ status }) => status),
          "accepted before the change",
        ).to.include(200);
      }
    });
  }

  it("accepts exactly one of two concurrent self-rotations, again and again", async function () {
    this.timeout(300_000);
    isLoadStopped = true;
    const rotations = repetitionsOf(1000);
    const { id, secret } = await createReaderToken();
    let current = secret;
    for (let round = 0; round < rotations; round++) {
      const responses = await Promise.all(
        [one, two].map((process) => send(process, current, "POST", `/api/tokens/${id}/rotate`, {})),
      );
      const [winner, ...others] = responses.filter(({ status }) => status === 200);
      expect(others, `round ${round}`).to.deep.equal([]);
      expect(responses.map(({ status }) => status).sort(), `round ${round}`).to.be.deep.oneOf([
        [200, 409],
        [200, 401],
      ]);
      current = winner?.body["token"] ?? "";
    }
    for (const process of [one, two]) expect((await send(process, current, "GET", "/api/whoami")).status).to.equal(200);
    const { body } = await send(one, admin, "GET", `/api/tokens/${id}`);
    expect(body["version"], "one version per rotation").to.equal(rotations + 1);
  });
});

describe("Crash between a rotation and its response", () => {
  let dataDir: string;
  let service: ServiceProcess;
  let admin: string;
  before(async () => {
    dataDir = await mkdtemp(join(tmpdir(), "gatehouse-rotation-"));
    service = await startProcess({ DATA_DIR: dataDir });
    admin = service.firstSecret;
  });
  after(async () => {
    await service.stop("SIGTERM");
    await rm(dataDir, { recursive: true });
  });

  /** Rotates a token, drops the connection before the response, then kills and restarts the service. */
  const rotateWithoutResponse = async (gracePeriodSeconds: number): Promise<{ id: string; secret: string }> => {
    const { body: token } = await send(service, admin, "POST", "/api/tokens", { name: "ci", scopes: ["admin:read"] });
    const { id = "", token: secret = "", prefix } = token;
    trackSecret(secret);
    const rotation = request({
      ...{ host: "127.0.0.1", port: service.port, method: "POST", path: `/api/tokens/${id}/rotate` },
      headers: { Authorization: `Bearer ${secret}`, "Content-Type": "application/json" },
    });
    rotation.on("error", () => undefined);
    rotation.end(JSON.stringify({ gracePeriodSeconds }), () => setTimeout(() => rotation.destroy(), 1));
    for (let currentPrefix = prefix; currentPrefix === prefix; ) {
      currentPrefix = (await send(service, admin, "GET", `/api/tokens/${id}`)).body["prefix"];
    }
    await service.stop("SIGKILL");
    service = await startProcess({ DATA_DIR: dataDir });
    return { id, secret };
  };
  const status = async (secret: string): Promise<number> => (await send(service, secret, "GET", "/api/users")).status;

  it("keeps the previous secret valid for the grace period and lets a token manager rotate again", async () => {
    const { id, secret } = await rotateWithoutResponse(600);
    expect(await status(secret)).to.equal(200);
    expect((await send(service, secret, "POST", `/api/tokens/${id}/rotate`)).status, "not by itself").to.equal(409);
    const { body } = await send(service, admin, "POST", `/api/tokens/${id}/rotate`);
    expect(await status(trackSecret(body["token"] ?? ""))).to.equal(200);
  });

  it("lets a token manager rotate again if there was no grace period", async () => {
    const { id, secret } = await rotateWithoutResponse(0);
    expect(await status(secret)).to.equal(401);
    const { body } = await send(service, admin, "POST", `/api/tokens/${id}/rotate`);
    expect(await status(trackSecret(body["token"] ?? ""))).to.equal(200);
  });
});
