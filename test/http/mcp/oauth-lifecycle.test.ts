import { expect } from "chai";
import { operatorActor } from "../../../src/domain/audit/record.ts";
import { CredentialCipher } from "../../../src/domain/credentials/credential-cipher.ts";
import { rotateCredentials } from "../../../src/domain/credentials/credential-rotation.ts";
import { decryptClientSecret } from "../../../src/domain/oauth/oauth-settings.ts";
import { TokenEndpoint } from "../../../src/domain/oauth/token-endpoint.ts";
import { TokenRevocations } from "../../../src/domain/oauth/token-revocations.ts";
import { createLog } from "../../../src/log.ts";
import {
  mcpServers,
  removedOAuthClients,
  serviceTenant,
  tokenRevocations,
  type UpstreamCredential,
  upstreamCredentials,
} from "../../../src/store/collections.ts";
import { createCredentials } from "../../domain/credentials/credentials.fixture.ts";
import { openGuardedHttp } from "../../domain/outbound/guarded-http.fixture.ts";
import { describeOnEngines } from "../../store/engines.fixture.ts";
import type { TestStore } from "../../store/test-store.fixture.ts";
import { patchUrn } from "../../support/service.ts";
import { credentialKey, type OAuthGateway, startOAuthGateway } from "./oauth.fixture.ts";

const newKey = Buffer.alloc(32, 8);

describeOnEngines("OAuth tokens of connections", (open) => {
  let gateway: OAuthGateway;
  let testStore: TestStore;
  beforeEach(async () => {
    gateway = await startOAuthGateway(async (options) => {
      testStore = await open(options);
      return testStore;
    });
    await gateway.connect(gateway.ada);
  });
  afterEach(() => gateway.dispose());

  const organizationId = (): string => gateway.service.organizationId;
  const listStored = async (): Promise<readonly UpstreamCredential[]> =>
    (await gateway.service.store.for(organizationId()).open(upstreamCredentials).list({ limit: 100 })).items;
  const listTokens = async (): Promise<readonly UpstreamCredential[]> =>
    (await listStored()).filter(({ purpose }) => purpose === "oauth-tokens");
  const countPending = async (): Promise<number> =>
    gateway.service.store.for(serviceTenant).open(tokenRevocations).count();
  /** Waits for the background job. */
  const waitForRevocation = async (): Promise<readonly string[]> => {
    while ((await countPending()) > 0) await new Promise((resolve) => setTimeout(resolve, 50));
    return gateway.provider.received
      .filter(({ path }) => path === "/revoke")
      .map(({ form }) => String(form["token_type_hint"]));
  };
  const setActive = (value: boolean) => {
    const Operations = [{ op: "replace", path: "active", value }];
    return gateway.admin.patch(`/scim/v2/Users/${gateway.ada.id}`).send({ schemas: [patchUrn], Operations });
  };
  const findForCall = async (keys: readonly Buffer[], now?: () => number, store = gateway.service.store) => {
    const server = (await store.for(organizationId()).open(mcpServers).list({ limit: 1 })).items[0];
    if (!server) throw new Error("the server does not exist");
    return createCredentials(store, keys, now).find(organizationId(), server, gateway.ada.id);
  };

  describe("are removed and revoked (RFC 7009)", () => {
    const both = ["refresh_token", "access_token"];

    it("with the connection", async () => {
      expect((await gateway.api(gateway.ada, "DELETE", "")).status).to.equal(204);
      expect(await listTokens()).to.deep.equal([]);
      expect(await waitForRevocation()).to.deep.equal(both);
    }).timeout(0);

    it("with the credential of the connection, also when another one replaces it", async () => {
      await gateway.api(gateway.ada, "PUT", "/credential", { value: "Bearer pasted" });
      expect(await listTokens()).to.deep.equal([]);
      expect(await waitForRevocation()).to.deep.equal(both);
    }).timeout(0);

    it("with the organization", async () => {
      await gateway.service.createOrganization("other");
      await gateway.service.domain.organizationLifecycle.remove(operatorActor, "default");
      expect(await listStored()).to.deep.equal([]);
      expect(await waitForRevocation()).to.deep.equal(both);
    }).timeout(0);

    it("when the user is deactivated, with an audit event, and not again after a new activation", async () => {
      await setActive(false).expect(200);
      expect(await listTokens()).to.deep.equal([]);
      expect(await waitForRevocation()).to.deep.equal(both);
      const [event] = await gateway.audit("connection.disconnect");
      expect(event.details.reason).to.equal("The user was deactivated.");
      await setActive(true).expect(200);
      const secret = await gateway.createToken(gateway.ada.id);
      await gateway.connect({ ...gateway.ada, secret });
      expect(await gateway.call({ ...gateway.ada, secret })).to.equal('{"a":1}');
      await gateway.admin.get("/api/users").expect(200);
      expect(await listTokens()).to.have.length(1);
    }).timeout(0);

    it("when the user is removed", async () => {
      await gateway.admin.delete(`/scim/v2/Users/${gateway.ada.id}`).expect(204);
      expect(await listTokens()).to.deep.equal([]);
      expect(await waitForRevocation()).to.deep.equal(both);
    }).timeout(0);

    it("when the server is removed, with its client secret", async () => {
      await gateway.admin.delete("/api/mcp-servers/jira").expect(204);
      expect(await listStored()).to.deep.equal([]);
      expect(await waitForRevocation()).to.deep.equal(both);
    }).timeout(0);

    it("also while the authorization server does not respond, which delays nothing", async () => {
      gateway.provider.respond((res) => res.writeHead(503).end());
      expect((await gateway.api(gateway.ada, "DELETE", "")).status).to.equal(204);
      expect(await listTokens()).to.deep.equal([]);
      expect(await countPending()).to.equal(1);
    });
  });

  describe("on two replicas", () => {
    it("are refreshed once, and never with a used refresh token", async () => {
      const second = (await testStore.openSecond?.()) ?? gateway.service.store;
      try {
        const now = (): number => Date.now() + 590_000;
        const stores = [gateway.service.store, second, gateway.service.store, second];
        const headers = await Promise.all(stores.map((store) => findForCall([credentialKey], now, store)));
        expect(new Set(headers).size).to.equal(1);
        expect(gateway.provider.refreshes()).to.equal(1);
        expect(gateway.provider.accepts(headers[0])).to.equal(true);
      } finally {
        if (second !== gateway.service.store) await second.close();
      }
    });
  });

  describe("with a rotation of the key", () => {
    it("are encrypted under the new key like the client secret, and can be refreshed with it", async () => {
      const report = await rotateCredentials(gateway.service.store, new CredentialCipher([newKey, credentialKey]));
      expect(report).to.deep.equal({ reencrypted: 2, current: 0, removed: 0, unreadable: 0 });
      const header = await findForCall([newKey], () => Date.now() + 590_000);
      expect(gateway.provider.accepts(header)).to.equal(true);
      expect(gateway.provider.refreshes()).to.equal(1);
    });

    it("during a refresh are not lost", async () => {
      const { provider } = gateway;
      let rotated: Promise<unknown> | undefined;
      const body = { access_token: "new-access", token_type: "Bearer", expires_in: 600, refresh_token: "new-refresh" };
      provider.respond(async (res) => {
        rotated = rotateCredentials(gateway.service.store, new CredentialCipher([newKey, credentialKey]));
        await rotated;
        res.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify(body));
      });
      const keys = [newKey, credentialKey];
      expect(await findForCall(keys, () => Date.now() + 590_000)).to.equal("Bearer new-access");
      expect(await findForCall([newKey])).to.equal("Bearer new-access");
    });
  });

  describe("that are still to be revoked", () => {
    const delaysMs = [0, 70_000, 400_000, 2_000_000, 8_000_000];
    /** Removes the server while the authorization server does not respond. */
    const removeServer = async (): Promise<void> => {
      gateway.provider.respond((res) => res.writeHead(503).end());
      await gateway.admin.delete("/api/mcp-servers/jira").expect(204);
      const isAttempted = () => gateway.provider.received.some(({ path }) => path === "/revoke");
      while (!isAttempted()) await new Promise((resolve) => setTimeout(resolve, 50));
      gateway.provider.respond(undefined);
    };
    const listAttempts = async (): Promise<readonly number[]> =>
      (await gateway.service.store.for(serviceTenant).open(tokenRevocations).list({ limit: 10 })).items.map(
        ({ attempts }) => attempts,
      );
    /** Runs the job of a replica with these keys, after the time of the n-th attempt. */
    const attempt = async (keys: readonly Buffer[], n: number, log = createLog("error")): Promise<void> => {
      const endpoint = new TokenEndpoint(openGuardedHttp({ allowsAll: true }));
      const revocations = new TokenRevocations(gateway.service.store, new CredentialCipher(keys), endpoint, log);
      await revocations.flush(undefined, new Date(Date.now() + (delaysMs[n - 1] ?? 0)));
    };

    it("are encrypted under the new key with the client secret, also that of the removed server", async () => {
      await removeServer();
      const { store } = gateway.service;
      const report = await rotateCredentials(store, new CredentialCipher([newKey, credentialKey]));
      expect(report).to.deep.equal({ reencrypted: 2, current: 0, removed: 0, unreadable: 0 });
      const again = await rotateCredentials(store, new CredentialCipher([newKey]));
      expect(again).to.deep.equal({ reencrypted: 0, current: 2, removed: 0, unreadable: 0 });
      const [removed] = (await store.for(serviceTenant).open(removedOAuthClients).list({ limit: 10 })).items;
      const { secret, targetOrganizationId = "" } = { ...removed, ...removed?.client };
      if (!secret) throw new Error("the removed client has a secret");
      expect(
        decryptClientSecret(new CredentialCipher([newKey]), { ...secret, organizationId: targetOrganizationId }),
      ).to.equal(gateway.provider.clientSecret);
      gateway.provider.received.length = 0;
      await attempt([newKey], 2);
      expect(await waitForRevocation()).to.deep.equal(["refresh_token", "access_token"]);
    });

    it("are not forgotten by a replica without their key, which warns after the last attempt", async () => {
      await removeServer();
      gateway.provider.received.length = 0;
      const report = await rotateCredentials(gateway.service.store, new CredentialCipher([newKey]));
      expect(report).to.deep.equal({ reencrypted: 0, current: 0, removed: 0, unreadable: 2 });
      const warnings: unknown[] = [];
      const log = { ...createLog("error"), warn: (...line: unknown[]) => void warnings.push(line) };
      for (const n of [2, 3, 4]) {
        await attempt([newKey], n, log);
        expect(await listAttempts()).to.deep.equal([n]);
      }
      expect(warnings).to.deep.equal([]);
      await attempt([newKey], 5, log);
      expect(await listAttempts()).to.deep.equal([]);
      expect(gateway.provider.received).to.deep.equal([]);
      expect(JSON.stringify(warnings)).to.contain("the tokens cannot be decrypted");
    });

    it("are revoked by another replica that has their key", async () => {
      await removeServer();
      gateway.provider.received.length = 0;
      await attempt([newKey], 2);
      expect(await listAttempts()).to.deep.equal([2]);
      await attempt([newKey, credentialKey], 3);
      expect(await waitForRevocation()).to.deep.equal(["refresh_token", "access_token"]);
    });
  });

  it("that were copied to the record of another user cannot be decrypted", async () => {
    await gateway.connect(gateway.grace);
    const [first, second] = await listTokens();
    if (!first || !second) throw new Error("two connections have tokens");
    await gateway.service.store.transaction(async (transaction) => {
      const writer = transaction.for(organizationId()).open(upstreamCredentials);
      await writer.replace({ ...second, ciphertext: first.ciphertext }, "any");
    });
    const texts = [await gateway.call(gateway.ada), await gateway.call(gateway.grace)];
    expect(texts.filter((text) => text.includes("cannot be decrypted"))).to.have.length(1);
  });

  it("are in no response, audit event, log line, entity tag or stored record, like codes and the client secret", async () => {
    const { body: before, headers } = await gateway.admin.get("/api/mcp-servers/jira").expect(200);
    await gateway.call(gateway.ada);
    gateway.advance(550_000);
    await gateway.call(gateway.ada);
    await gateway.admin.put("/api/mcp-servers/jira/client-secret").send({ value: gateway.provider.clientSecret });
    const after = await gateway.admin.get("/api/mcp-servers/jira").expect(200);
    expect(after.headers["etag"]).to.equal(headers["etag"]);
    const texts = [
      JSON.stringify(before),
      (await gateway.admin.get("/api/audit-events").query({ limit: 100 }).expect(200)).text,
      (await gateway.admin.get("/api/request-log").expect(200)).text,
      (await gateway.admin.get("/api/mcp-servers/jira/client-secret").expect(200)).text,
      (await gateway.admin.get("/api/connections").expect(200)).text,
      JSON.stringify((await gateway.api(gateway.ada, "GET", "/credential")).body),
      JSON.stringify(await listStored()),
      gateway.service.log(),
    ];
    const secrets = gateway.provider.secrets();
    expect(secrets.length).to.be.greaterThan(5);
    for (const text of texts) for (const secret of secrets) expect(text).to.not.contain(secret);
  });
});
