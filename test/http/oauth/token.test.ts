import { expect } from "chai";
import fc from "fast-check";
import { describeOnEngines } from "../../store/engines.fixture.ts";
import { expireSoon } from "../../support/expiry.ts";
import { trackSecret } from "../../support/secrets.ts";
import { type Agent, type Service, startService, userUrn } from "../../support/service.ts";

const grant = "client_credentials";

describeOnEngines("POST /oauth/token (RFC 6749 section 4.4)", (open) => {
  let service: Service;
  let admin: Agent;
  let client: { readonly id: string; readonly secret: string };
  before(async () => {
    service = await startService({ open });
    admin = await service.clientWithScopes(["all"]);
  });
  beforeEach(async () => {
    client = await service.issueToken({ scopes: ["admin:write"], name: "Entra" });
  });
  after(() => service.dispose());

  const requestToken = (form: Readonly<Record<string, string>> | string, basic?: readonly [string, string]) => {
    const request = service.clientWithSecret().post("/oauth/token").type("form");
    if (basic) {
      const [id, secret] = basic.map(encodeURIComponent);
      request.set("Authorization", `Basic ${Buffer.from(`${id}:${secret}`).toString("base64")}`);
    }
    return request.send(form);
  };
  const credentials = () => ({ client_id: client.id, client_secret: client.secret });
  const issued = async (more: Readonly<Record<string, string>> = {}): Promise<string> => {
    const { body } = await requestToken({ grant_type: grant, ...credentials(), ...more }).expect(200);
    return trackSecret(body.access_token);
  };

  describe("responses (section 5.1)", () => {
    for (const [how, send] of [
      ["client_secret_basic", () => requestToken({ grant_type: grant }, [client.id, client.secret])],
      ["client_secret_post", () => requestToken({ grant_type: grant, ...credentials() })],
    ] as const) {
      it(`issues an access token by ${how}, and prevents caching`, async () => {
        const { body, headers } = await send().expect(200);
        trackSecret(body.access_token);
        expect(body).to.have.all.keys("access_token", "token_type", "expires_in", "scope");
        expect(body).to.include({ token_type: "Bearer", scope: "admin:write" });
        expect(body.expires_in).to.be.within(3590, 3600);
        expect(headers).to.include({ "cache-control": "no-store", pragma: "no-cache" });
        await service.clientWithSecret(body.access_token).get("/api/users").expect(200);
      });
    }

    it("grants fewer scopes if requested", async () => {
      const narrow = service.clientWithSecret(await issued({ scope: "admin:scim" }));
      await narrow
        .post("/scim/v2/Users")
        .send({ schemas: [userUrn], userName: `u${Math.random()}` })
        .expect(201);
      await narrow.get("/api/users").expect(403);
    });

    it("inherits the client's user, servers, type and latest expiry", async () => {
      const { body: user } = await admin.post("/api/users").send({ userName: `u${Math.random()}` });
      client = await service.issueToken({
        ...{ type: "mcp", scopes: ["connect:read"], userId: user.id, environment: "production" },
        ...{ mcpServers: ["github"], expiresAt: new Date(Date.now() + 600_000) },
      });
      const { body } = await requestToken({ grant_type: grant, ...credentials() }).expect(200);
      expect(body.expires_in).to.be.within(590, 600);
      const { body: who } = await service
        .clientWithSecret(trackSecret(body.access_token))
        .get("/api/whoami")
        .expect(200);
      expect(who).to.deep.include({ userId: user.id, scopes: ["connect:read"] });
      expect(who.token).to.deep.include({ type: "mcp", environment: "production", mcpServers: ["github"] });
    });

    it("records the issued token with its parent in lists and events", async () => {
      await issued();
      const { body } = await admin.get("/api/tokens?origin=oauth&limit=100").expect(200);
      const child = body.data.find(({ parentId }: { parentId: string }) => parentId === client.id);
      expect(child).to.include({ name: "Access token of Entra", status: "active" });
      const { body: events } = await admin.get(`/api/audit-events?targetId=${child.id}`).expect(200);
      expect(events.data[0]).to.deep.include({
        action: "token.create",
        actor: { type: "token", id: client.id, name: "Entra" },
      });
      expect((await admin.get("/api/tokens?limit=100")).body.data).to.not.deep.include({ id: child.id });
    });
  });

  describe("dependence on the client", () => {
    const endings: Readonly<Record<string, () => Promise<unknown>>> = {
      revoked: () => admin.delete(`/api/tokens/${client.id}`).expect(204),
      disabled: () => admin.patch(`/api/tokens/${client.id}`).send({ enabled: false }).expect(200),
      expired: () =>
        expireSoon(async (expiresAt) => (await admin.patch(`/api/tokens/${client.id}`).send({ expiresAt })).status),
    };
    for (const [how, end] of Object.entries(endings)) {
      it(`a client that is ${how} gets no tokens, and its issued tokens are rejected`, async () => {
        const child = service.clientWithSecret(await issued());
        await child.get("/api/users").expect(200);
        await end();
        await child.get("/api/users").expect(401);
        expect((await requestToken({ grant_type: grant, ...credentials() }).expect(401)).body.error).to.equal(
          "invalid_client",
        );
      });
    }

    it("restricts issued tokens to the client's allowed addresses", async () => {
      const child = service.clientWithSecret(await issued());
      await admin
        .patch(`/api/tokens/${client.id}`)
        .send({ allowedIps: ["203.0.113.7"] })
        .expect(200);
      await child.get("/api/users").expect(403);
    });
  });

  it("each issue deletes some tokens that expired more than a day ago", async () => {
    const [old] = [await issued(), await issued()];
    expect(old).to.be.a("string");
    const from = (await admin.get("/api/tokens?origin=oauth&limit=100")).body.data.filter(
      ({ parentId }: { parentId: string }) => parentId === client.id,
    );
    await service.store.transaction(async (change) => {
      const { tokens } = await import("../../../src/store/collections.ts");
      const open = change.for(service.organizationId).open(tokens);
      const record = await open.get(from[0].id);
      if (record) await open.replace({ ...record, version: record.version + 1, expiresAt: longAgo }, record.version);
    });
    await issued();
    await admin.get(`/api/tokens/${from[0].id}`).expect(404);
    await admin.get(`/api/tokens/${from[1].id}`).expect(200);
  });

  describe("errors (section 5.2)", () => {
    const errorCases: Readonly<Record<string, readonly [string, () => ReturnType<typeof requestToken>]>> = {
      "no grant_type": ["invalid_request", () => requestToken(credentials())],
      "another grant_type": [
        "unsupported_grant_type",
        () => requestToken({ grant_type: "password", ...credentials() }),
      ],
      "a repeated parameter": [
        "invalid_request",
        () =>
          requestToken(`grant_type=${grant}&grant_type=${grant}&client_id=${client.id}&client_secret=${client.secret}`),
      ],
      "the secret in two places": [
        "invalid_request",
        () => requestToken({ grant_type: grant, ...credentials() }, [client.id, client.secret]),
      ],
      "two ids": [
        "invalid_request",
        () => requestToken({ grant_type: grant, client_id: "tok_other" }, [client.id, client.secret]),
      ],
      "a body that is not a form": [
        "invalid_request",
        () =>
          service
            .clientWithSecret()
            .post("/oauth/token")
            .send({ grant_type: grant, ...credentials() }),
      ],
      "a query": [
        "invalid_request",
        () =>
          service
            .clientWithSecret()
            .post(`/oauth/token?grant_type=${grant}`)
            .type("form")
            .send({ grant_type: grant, ...credentials() }),
      ],
      "an unknown scope": ["invalid_scope", () => requestToken({ grant_type: grant, ...credentials(), scope: "root" })],
      "a scope that the client does not have": [
        "invalid_scope",
        () => requestToken({ grant_type: grant, ...credentials(), scope: "admin:read all" }),
      ],
      "prototype keys": [
        "invalid_request",
        () => requestToken(`__proto__=x&constructor=y&client_secret=${client.secret}`),
      ],
    };
    for (const [what, [error, send]] of Object.entries(errorCases)) {
      it(`rejects ${what}: 400 ${error}`, async () => {
        const { body, headers } = await send().expect(400);
        expect(body.error).to.equal(error);
        expect(body.error_description).to.be.a("string");
        expect(headers["cache-control"]).to.equal("no-store");
      });
    }

    it("rejects an invalid client: 401 invalid_client, with the same response for every cause", async () => {
      const other = await service.issueToken({ scopes: ["admin:read"] });
      const bodies = new Set<string>();
      for (const send of [
        () => requestToken({ grant_type: grant }),
        () => requestToken({ grant_type: grant }, [client.id, "wxt_wrong"]),
        () => requestToken({ grant_type: grant }, [other.id, client.secret]),
        () => requestToken({ grant_type: grant, client_id: client.id, client_secret: other.secret }),
        () => requestToken({ grant_type: grant, client_id: client.id }),
        () => service.clientWithSecret(client.secret).post("/oauth/token").type("form").send({ grant_type: grant }),
      ]) {
        const { body, headers } = await send().expect(401);
        expect(headers["www-authenticate"]).to.equal('Basic realm="gatehouse"');
        bodies.add(JSON.stringify(body));
      }
      expect([...bodies]).to.deep.equal([
        '{"error":"invalid_client","error_description":"Client authentication failed."}',
      ]);
    });

    it("rejects an access token as a client, so that lifetimes cannot be chained", async () => {
      const secret = await issued();
      const { body } = await service.clientWithSecret(secret).get("/api/whoami").expect(200);
      const response = await requestToken({
        grant_type: grant,
        client_id: body.token.id,
        client_secret: secret,
      }).expect(400);
      expect(response.body.error).to.equal("unauthorized_client");
    });

    it("rejects any Authorization value with 400 or 401", async () => {
      await fc.assert(
        fc.asyncProperty(fc.string({ unit: "binary-ascii", maxLength: 60 }), fc.boolean(), async (text, isEncoded) => {
          const value = isEncoded ? Buffer.from(text).toString("base64") : text.replaceAll(/[^\x20-\x7e]/g, "");
          const { status } = await service
            .clientWithSecret()
            .post("/oauth/token")
            .type("form")
            .set("Authorization", `Basic ${value}`)
            .send({ grant_type: grant });
          expect(status).to.be.oneOf([400, 401]);
        }),
        { numRuns: 50 },
      );
    });

    it("rejects oversized forms and other methods", async () => {
      expect((await requestToken({ grant_type: grant, client_secret: "x".repeat(20_000) })).status).to.equal(413);
      expect((await service.clientWithSecret().get("/oauth/token").expect(405)).headers["allow"]).to.equal("POST");
    });
  });

  it("has no discovery document, which would make some clients drop their token", async () => {
    for (const name of ["oauth-authorization-server", "oauth-protected-resource", "openid-configuration"]) {
      await service.clientWithSecret().get(`/.well-known/${name}`).expect(404);
    }
  });

  it("shows a client id that is not the token's to the organization of the token, with the cause", async () => {
    const response = await requestToken({ grant_type: grant, client_id: "tok_other", client_secret: client.secret });
    expect(response.status).to.equal(401);
    const query = { requestId: response.headers["x-request-id"] };
    let logged: readonly object[] = [];
    // Buffered entries are written every few seconds.
    while (logged.length === 0) {
      await new Promise((resolve) => setTimeout(resolve, 100));
      logged = (await admin.get("/api/request-log").query(query).expect(200)).body.data;
    }
    expect(logged[0]).to.deep.include({
      ...{ path: "/oauth/token", status: 401, cause: "client-mismatch" },
      actor: { type: "token", id: client.id, name: "Entra" },
    });
  });

  it("leaves no part of a rejected form in the request log", async () => {
    const secret = `wxt_${"s".repeat(39)}`;
    await requestToken({ grant_type: grant, client_id: client.id, client_secret: secret }).expect(401);
    expect(service.log()).to.not.contain(secret);
  });
});

const longAgo = new Date(Date.now() - 2 * 86_400_000).toISOString();
