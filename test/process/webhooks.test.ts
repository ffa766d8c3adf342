import { randomBytes } from "node:crypto";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { createServer } from "node:https";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import { withConnection, withDatabase } from "../store/mongodb/mongodb.fixture.ts";
import { createCertificate } from "../support/certificate.ts";
import { describeOnMongod } from "../support/mongod.ts";
import { runCli, type ServiceProcess, startProcess } from "../support/process.ts";
import { assertNoSecretsInFiles, trackSecret } from "../support/secrets.ts";
import { userUrn } from "../support/service.ts";
import { startWebhookReceiver, type WebhookReceiver } from "../support/webhook-receiver.ts";

const environment = {
  CREDENTIAL_KEY: randomBytes(32).toString("base64"),
  UPSTREAM_ALLOW: "127.0.0.1",
  ACCESS_LOG: "off",
};

async function createWebhook(service: ServiceProcess, secret: string, url: string, slug = "siem"): Promise<void> {
  const client = service.clientWithSecret(secret);
  const { body } = await client
    .put(`/api/webhooks/${slug}`)
    .send({ url, actions: ["user.create"] })
    .expect(201);
  trackSecret(body.secret);
}

/** Creates a user. @returns the id, which is the target of the audit event */
async function createUser(service: ServiceProcess, secret: string, userName: string): Promise<string> {
  const client = service.clientWithSecret(secret);
  const { text } = await client
    .post("/scim/v2/Users")
    .send({ schemas: [userUrn], userName })
    .expect(201);
  return JSON.parse(text).id;
}

const targets = ({ messages }: WebhookReceiver): readonly string[] => messages.map(({ body }) => body.data.target.id);

describe("Webhooks of the service in a process", () => {
  let directory: string;
  let service: ServiceProcess;
  let receiver: WebhookReceiver;
  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), "gatehouse-webhooks-"));
    receiver = await startWebhookReceiver();
  });
  afterEach(async () => {
    service.child.kill("SIGKILL");
    await receiver.close();
    await rm(directory, { recursive: true, force: true });
  });
  const start = async (): Promise<void> => {
    service = await startProcess({ ...environment, DATA_DIR: join(directory, "data") });
  };

  it("continue after a restart with what was recorded meanwhile, once and in order", async () => {
    await start();
    const secret = service.firstSecret;
    await createWebhook(service, secret, receiver.url);
    const users = [await createUser(service, secret, "ada")];
    await receiver.waitFor(1);
    receiver.respond = (res) => void res.writeHead(503).end();
    users.push(await createUser(service, secret, "grace"));
    await receiver.waitFor(2);
    expect(await service.stop("SIGTERM")).to.equal(0);
    await start();
    receiver.respond = (res) => void res.writeHead(204).end();
    users.push(await createUser(service, secret, "lin"));
    await receiver.waitFor(4);
    expect([...new Set(targets(receiver))]).to.deep.equal(users);
    expect(await service.stop("SIGTERM")).to.equal(0);
    await assertNoSecretsInFiles(join(directory, "data"));
  });

  it("repeat what was in progress when the process was killed", async () => {
    await start();
    const secret = service.firstSecret;
    await createWebhook(service, secret, receiver.url);
    receiver.respond = () => service.child.kill("SIGKILL");
    const user = await createUser(service, secret, "ada");
    await receiver.waitFor(1);
    // The lease of the killed process is over after a minute. A change of the webhook ends it at once.
    await start();
    receiver.respond = (res) => void res.writeHead(204).end();
    const client = service.clientWithSecret(secret);
    await client
      .patch("/api/webhooks/siem")
      .send({ url: `${receiver.url}/again` })
      .expect(200);
    await createUser(service, secret, "grace");
    await receiver.waitFor(3);
    expect(targets(receiver).slice(0, 2)).to.deep.equal([user, user]);
  });

  it("are encrypted again by gatehouse credential rotate, and continue to be signed with the same secret", async () => {
    await start();
    const secret = service.firstSecret;
    await createWebhook(service, secret, receiver.url);
    expect(await service.stop("SIGTERM")).to.equal(0);
    const rotated = {
      ...{ ...environment, DATA_DIR: join(directory, "data") },
      ...{ CREDENTIAL_KEY: randomBytes(32).toString("base64"), CREDENTIAL_KEYS_PREVIOUS: environment.CREDENTIAL_KEY },
    };
    const { code, stdout, stderr } = await runCli(rotated, "credential", "rotate");
    expect({ code, text: stdout + stderr }).to.deep.include({ code: 0 });
    const { CREDENTIAL_KEYS_PREVIOUS: _, ...withoutPrevious } = rotated;
    service = await startProcess(withoutPrevious);
    await createUser(service, secret, "ada");
    await receiver.waitFor(1);
  });

  it("do not trust a certificate of an unknown authority", async function () {
    const files = await createCertificate(directory, "localhost");
    if (!files) return this.skip();
    const [cert, key] = [await readFile(files.cert), await readFile(files.key)];
    let requests = 0;
    const server = createServer({ cert, key }, (_req, res) => {
      requests++;
      res.end();
    }).listen(0, "127.0.0.1");
    await start();
    const { port } = server.address() as AddressInfo;
    await createWebhook(service, service.firstSecret, `https://localhost:${port}/`);
    const client = service.clientWithSecret(service.firstSecret);
    const { body } = await client.post("/api/webhooks/siem/test").expect(200);
    expect(body).to.include({
      delivered: false,
      reason: "The receiver could not be reached (DEPTH_ZERO_SELF_SIGNED_CERT).",
    });
    expect(requests).to.equal(0);
    server.close();
  });
});

describeOnMongod("Webhooks of two processes that share MongoDB", (server) => {
  it("send each event once and in order, whichever process has recorded it", async () => {
    const uri = withDatabase(server(), `gatehouse_webhooks_${Date.now()}`);
    const receiver = await startWebhookReceiver();
    const start = () => startProcess({ ...environment, MONGODB_URI: uri });
    const [one, two] = await Promise.all([start(), start()]);
    const secret = one.firstSecret || two.firstSecret;
    await createWebhook(one, secret, receiver.url);
    const users: string[] = [];
    for (let at = 0; at < 20; at++) users.push(await createUser(at % 2 === 0 ? one : two, secret, `user${at}`));
    await receiver.waitFor(20);
    expect(await one.stop("SIGTERM")).to.equal(0);
    users.push(await createUser(two, secret, "last"));
    await receiver.waitFor(21);
    expect(await two.stop("SIGTERM")).to.equal(0);
    expect(targets(receiver)).to.deep.equal(users);
    await receiver.close();
    await withConnection(uri, (connection) => connection.dropDatabase());
  });
});
