import { expect } from "chai";
import { CredentialCipher } from "../../../src/domain/credentials/credential-cipher.ts";
import { rotateCredentials } from "../../../src/domain/credentials/credential-rotation.ts";
import {
  connections,
  mcpServers,
  type UpstreamCredential,
  upstreamCredentials,
} from "../../../src/store/collections.ts";
import { createCredentials } from "../../domain/credentials/credentials.fixture.ts";
import { describeOnEngines } from "../../store/engines.fixture.ts";
import { type Agent, type Service, startService } from "../../support/service.ts";

const [oldKey, newKey, otherKey] = [1, 2, 3].map((byte) => Buffer.alloc(32, byte)) as [Buffer, Buffer, Buffer];
const environment = { CREDENTIAL_KEY: oldKey.toString("base64") };
const secretOfOrganization = "Bearer organization-credential-0123456789";
const secretOfAda = "Bearer credential-of-ada-0123456789";

describeOnEngines("Credentials of MCP servers", (open) => {
  let service: Service;
  let admin: Agent;
  let plugin: Agent;
  let serverId: string;
  let adaId: string;
  beforeEach(async () => {
    service = await startService({ open, environment });
    admin = await service.clientWithScopes(["admin:write"]);
    plugin = await service.clientWithScopes(["connect:write"]);
    const shared = { transport: "http", status: "active", assignment: { everyone: true } };
    const apiKey = { type: "apiKey", header: "X-API-Key" };
    const servers = [
      { slug: "jira", url: "https://jira.example/mcp", auth: apiKey },
      { slug: "open", url: "https://open.example/mcp", auth: { type: "none" } },
      { slug: "draft", url: "https://draft.example/mcp", auth: apiKey, status: "draft" },
    ];
    for (const server of servers) {
      await admin
        .post("/api/mcp-servers")
        .send({ ...shared, name: server.slug, ...server })
        .expect(201);
    }
    serverId = (await admin.get("/api/mcp-servers/jira").expect(200)).body.id;
    adaId = (await admin.post("/api/users").send({ userName: "ada" }).expect(201)).body.id;
    await admin.post("/api/users").send({ userName: "grace" }).expect(201);
  });
  afterEach(() => service.dispose());

  const ofServer = "/api/mcp-servers/jira/credential";
  const ofConnection = "/api/connections/jira/credential";
  const putOfServer = (value = secretOfOrganization) => admin.put(ofServer).send({ value });
  const as = (userName: string) => ({
    get: (path: string) => plugin.get(path).set("x-user-email", userName),
    put: (path: string, value = secretOfAda) => plugin.put(path).set("x-user-email", userName).send({ value }),
    delete: (path: string) => plugin.delete(path).set("x-user-email", userName),
  });
  const listStored = async (): Promise<readonly UpstreamCredential[]> =>
    (await service.store.for(service.organizationId).open(upstreamCredentials).list({ limit: 100 })).items;
  /** Reads the credential for a call, as a service with these keys would. */
  const findForCall = async (userId: string | undefined, keys = [oldKey]): Promise<string | undefined> => {
    const credentials = createCredentials(service.store, keys);
    const server = await service.store.for(service.organizationId).open(mcpServers).get(serverId);
    if (!server) throw new Error("the server does not exist");
    return credentials.find(service.organizationId, server, userId);
  };
  const rejectionOf = async (work: Promise<unknown>): Promise<string> =>
    work.then(
      () => "not rejected",
      (error: Error) => error.message,
    );

  describe("PUT", () => {
    it("stores the organization's credential, reports its status, and returns it nowhere", async () => {
      expect((await admin.get(ofServer).expect(200)).body).to.deep.equal({ hasCredential: false });
      const { body } = await putOfServer().expect(200);
      expect(body).to.include({ hasCredential: true, origin: "https://jira.example" });
      expect((await admin.get(ofServer).expect(200)).body).to.deep.equal(body);
      expect(await findForCall(undefined)).to.equal(secretOfOrganization);
      const { text: list } = await admin.get("/api/mcp-servers").expect(200);
      const { text: events } = await (await service.clientWithScopes(["admin:read"]))
        .get("/api/audit-events")
        .expect(200);
      const stored = JSON.stringify(await listStored());
      for (const text of [JSON.stringify(body), list, events, stored, service.log()])
        expect(text).to.not.contain("organization-credential");
      for (const text of [list, events]) expect(text).to.not.contain((await listStored())[0]?.ciphertext);
      expect(events).to.contain("mcp-server.credential.set");
    });

    it("does not change the entity tag of the server or of the connection", async () => {
      const { headers: before } = await admin.get("/api/mcp-servers/jira").expect(200);
      await putOfServer().expect(200);
      expect((await admin.get("/api/mcp-servers/jira").expect(200)).headers["etag"]).to.equal(before["etag"]);
      await as("ada").put(ofConnection).expect(200);
      const { headers: connected } = await as("ada").get("/api/connections/jira").expect(200);
      await as("ada").put(ofConnection, "Bearer another").expect(200);
      expect((await as("ada").get("/api/connections/jira").expect(200)).headers["etag"]).to.equal(connected["etag"]);
    });

    it("creates the user's connection, which only that user's calls use", async () => {
      await as("ada").put(ofConnection).expect(200);
      expect((await as("ada").get("/api/connections/jira").expect(200)).body).to.include({ status: "connected" });
      expect((await as("ada").get(ofConnection).expect(200)).body).to.include({ hasCredential: true });
      expect((await as("grace").get(ofConnection).expect(200)).body).to.deep.equal({ hasCredential: false });
      expect(await findForCall(adaId)).to.equal(secretOfAda);
      expect(await findForCall("usr_grace")).to.equal(undefined);
    });

    it("prefers the user's credential to the organization's", async () => {
      await putOfServer().expect(200);
      await as("ada").put(ofConnection).expect(200);
      expect(await findForCall(adaId)).to.equal(secretOfAda);
      expect(await findForCall("usr_grace")).to.equal(secretOfOrganization);
      expect(await findForCall(undefined)).to.equal(secretOfOrganization);
    });

    it("replaces an expired connection's credential and connects again, with the same account", async () => {
      const expired = { status: "expired", account: "ada@jira", expiresAt: "2020-01-01T00:00:00.000Z" };
      await plugin.put("/api/connections/jira").set("x-user-email", "ada").send(expired).expect(201);
      await as("ada").put(ofConnection).expect(200);
      const { body } = await as("ada").get("/api/connections/jira").expect(200);
      expect(body).to.include({ status: "connected", account: "ada@jira" }).and.not.have.property("expiresAt");
    });

    it("rejects a server that takes no credential, and one that the user may not use", async () => {
      await admin.put("/api/mcp-servers/open/credential").send({ value: "x" }).expect(409);
      await as("ada").put("/api/connections/open/credential").expect(409);
      await as("ada").put("/api/connections/draft/credential").expect(404);
      await admin.put("/api/mcp-servers/nothing/credential").send({ value: "x" }).expect(404);
      const elsewhere = await service.createOrganization("elsewhere");
      const stranger = await service.clientWithScopes(["admin:write"], elsewhere);
      await stranger.put(`/api/mcp-servers/${serverId}/credential`).send({ value: "x" }).expect(404);
      expect(await listStored()).to.deep.equal([]);
    });

    it("rejects a value that is no header value, or contains a token of this service", async () => {
      for (const value of ["", " x", "x ", "a\r\nb: c", "é", "x".repeat(8193)]) await putOfServer(value).expect(400);
      const { secret } = await service.issueToken({ scopes: ["connect:read"] });
      for (const value of [secret, `Bearer ${secret}`, `key=${secret};`, `Basic ${btoa(`x:${secret}`)}`]) {
        const { body } = await putOfServer(value).expect(400);
        expect(body.detail).to.contain("token of this service");
      }
    });

    it("needs admin:write or connect:write", async () => {
      const reader = await service.clientWithScopes(["admin:read", "connect:read"]);
      await reader.put(ofServer).send({ value: "x" }).expect(403);
      await reader.put(ofConnection).set("x-user-email", "ada").send({ value: "x" }).expect(403);
    });

    it("is not implemented without CREDENTIAL_KEY, in one sentence", async () => {
      const keyless = await startService({ open });
      try {
        const client = await keyless.clientWithScopes(["admin:write"]);
        const server = {
          slug: "jira",
          name: "Jira",
          transport: "http",
          url: "https://jira.example",
          auth: { type: "apiKey" },
        };
        await client.post("/api/mcp-servers").send(server).expect(201);
        const { body } = await client.put(ofServer).send({ value: "x" }).expect(501);
        expect(body.detail).to.match(/^[^.]*CREDENTIAL_KEY is not set\.$/);
      } finally {
        await keyless.dispose();
      }
    });
  });

  describe("DELETE", () => {
    it("removes the credential, with an audit event, and the connection stays", async () => {
      await putOfServer().expect(200);
      await as("ada").put(ofConnection).expect(200);
      await as("ada").delete(ofConnection).expect(204);
      await as("ada").get("/api/connections/jira").expect(200);
      expect(await findForCall(adaId)).to.equal(secretOfOrganization);
      await admin.delete(ofServer).expect(204);
      expect(await findForCall(adaId)).to.equal(undefined);
      const { body } = await admin
        .get("/api/audit-events")
        .query({ action: "connection.credential.delete" })
        .expect(200);
      expect(body.data).to.have.length(1);
    });

    it("happens with the connection, the server and the user", async () => {
      await as("ada").put(ofConnection).expect(200);
      await as("ada").delete("/api/connections/jira").expect(204);
      expect(await listStored()).to.deep.equal([]);
      await as("ada").put(ofConnection).expect(200);
      await admin.delete(`/api/users/${adaId}`).expect(204);
      expect(await listStored()).to.deep.equal([]);
      await as("grace").put(ofConnection).expect(200);
      await putOfServer().expect(200);
      await admin.delete("/api/mcp-servers/jira").expect(204);
      expect(await listStored()).to.deep.equal([]);
    });
  });

  describe("A call", () => {
    it("gets no credential that was stored for another origin, so that a changed URL cannot receive it", async () => {
      await putOfServer().expect(200);
      await as("ada").put(ofConnection).expect(200);
      await admin.patch("/api/mcp-servers/jira").send({ url: "https://attacker.example/mcp" }).expect(200);
      expect(await rejectionOf(findForCall(adaId))).to.contain("PUT /api/connections/jira/credential");
      expect(await rejectionOf(findForCall(undefined))).to.contain("PUT /api/mcp-servers/jira/credential");
      await admin.patch("/api/mcp-servers/jira").send({ url: "https://jira.example/other" }).expect(200);
      expect(await findForCall(adaId)).to.equal(secretOfAda);
    });

    it("gets one sentence when the key is missing", async () => {
      await putOfServer().expect(200);
      const message = await rejectionOf(findForCall(undefined, [otherKey]));
      expect(message).to.contain("cannot be decrypted").and.to.contain("CREDENTIAL_KEYS_PREVIOUS");
    });

    it("gets no credential that was copied to another record in the database", async () => {
      await putOfServer().expect(200);
      await as("ada").put(ofConnection).expect(200);
      const [first, second] = await listStored();
      if (!first || !second) throw new Error("two credentials are stored");
      await service.store.transaction((transaction) =>
        transaction
          .for(service.organizationId)
          .open(upstreamCredentials)
          .replace({ ...second, ciphertext: first.ciphertext }, "any"),
      );
      const failures = await Promise.all([rejectionOf(findForCall(adaId)), rejectionOf(findForCall(undefined))]);
      expect(failures.filter((message) => message.includes("cannot be decrypted"))).to.have.length(1);
    });
  });

  describe("Rotation of the key", () => {
    it("encrypts everything under the new key, so that the old one can be removed", async () => {
      await putOfServer().expect(200);
      await as("ada").put(ofConnection).expect(200);
      const before = await listStored();
      const report = await rotateCredentials(service.store, new CredentialCipher([newKey, oldKey]));
      expect(report).to.deep.equal({ reencrypted: 2, current: 0, removed: 0, unreadable: 0 });
      expect(await findForCall(adaId, [newKey])).to.equal(secretOfAda);
      expect(await findForCall(undefined, [newKey])).to.equal(secretOfOrganization);
      expect((await listStored()).map(({ updatedAt }) => updatedAt)).to.deep.equal(
        before.map(({ updatedAt }) => updatedAt),
      );
      const again = await rotateCredentials(service.store, new CredentialCipher([newKey]));
      expect(again).to.deep.equal({ reencrypted: 0, current: 2, removed: 0, unreadable: 0 });
    });

    it("reports what it cannot decrypt and leaves it, and removes what belongs to nothing", async () => {
      await putOfServer().expect(200);
      await as("ada").put(ofConnection).expect(200);
      const { organizationId } = service;
      await service.store.transaction(async (transaction) => {
        const tenant = transaction.for(organizationId);
        for (const { id } of (await tenant.open(connections).list({ limit: 10 })).items)
          await tenant.open(connections).remove(id, "any");
      });
      const report = await rotateCredentials(service.store, new CredentialCipher([newKey]));
      expect(report).to.deep.equal({ reencrypted: 0, current: 0, removed: 1, unreadable: 1 });
      expect(await findForCall(undefined)).to.equal(secretOfOrganization);
    });
  });

  describe("URL of an MCP server", () => {
    it("must be https at an address that is public, as far as the URL itself shows", async () => {
      for (const url of [
        "http://mcp.example/",
        "https://127.0.0.1/",
        "https://localhost/",
        "https://169.254.169.254/",
      ]) {
        const { body } = await admin.patch("/api/mcp-servers/jira").send({ url }).expect(400);
        expect(body.detail, url).to.contain("UPSTREAM_ALLOW");
      }
      const { body } = await admin
        .post("/api/mcp-servers")
        .send({ slug: "local", name: "Local", transport: "http", url: "http://10.0.0.1/" })
        .expect(400);
      expect(body.errors[0].pointer).to.equal("/url");
    });
  });
});
