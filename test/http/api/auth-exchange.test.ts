import { request as httpRequest } from "node:http";
import { expect } from "chai";
import type { ExchangedTokens } from "../../../schemas/auth-exchange.ts";
import type { Scope } from "../../../schemas/token.ts";
import type { Environment } from "../../../src/config.ts";
import { operatorActor } from "../../../src/domain/audit/record.ts";
import { CascadeDeletes } from "../../../src/domain/cleanup/cascade-deletes.ts";
import { Users } from "../../../src/domain/directory/users.ts";
import { expandScopes } from "../../../src/domain/tokens/scopes.ts";
import { auditEvents, exchanges, requestLog, serviceTenant, tokens } from "../../../src/store/collections.ts";
import { describeOnEngines } from "../../store/engines.fixture.ts";
import type { OpenTestStore } from "../../store/test-store.fixture.ts";
import { type IdentityProvider, startIdentityProvider } from "../../support/identity-provider.ts";
import { assertNoSecrets, trackSecret } from "../../support/secrets.ts";
import { type Service, startService } from "../../support/service.ts";

const path = "/api/auth-exchange";
const authSecret = "an-on-premises-secret-of-40-characters!!";

/** A service whose organization `default` trusts the identity provider and has the user Ada. */
async function start(
  provider: IdentityProvider,
  environment: Environment = {},
  open?: OpenTestStore,
): Promise<Service> {
  const service = await startService({
    environment: { JWKS_ALLOW_PRIVATE: "true", ...environment },
    ...(open && { open }),
  });
  const { store, organizationId } = service;
  const admin = await service.clientWithScopes(["admin:write"]);
  await admin.patch("/api/organization").send({ authExchange: provider.settings }).expect(200);
  const caller = { ...operatorActor, organizationId, scopes: expandScopes(["all"]) };
  await new Users(store, new CascadeDeletes(store)).create(caller, { userName: "ada@example.com" });
  return service;
}

describeOnEngines("POST /api/auth-exchange", (open) => {
  let provider: IdentityProvider;
  let service: Service;
  let key: string;
  before(async () => {
    provider = await startIdentityProvider();
    service = await start(provider, { AUTH_SECRET: authSecret }, open);
    key = await keyWith(["connect:exchange-auth"]);
  });
  after(async () => {
    await service.dispose();
    await provider.close();
  });

  const keyWith = async (scopes: readonly Scope[]): Promise<string> => (await service.issueToken({ scopes })).secret;
  const exchange = (jwt: string, apiKey = key) =>
    service.clientWithSecret().post(path).set("Authorization", `Bearer ${jwt}`).set("X-API-Key", apiKey);
  const refresh = (refreshToken: string, apiKey = key) =>
    service.clientWithSecret(apiKey).post(`${path}/refresh`).send({ refresh_token: refreshToken });
  const kept = (body: ExchangedTokens): ExchangedTokens => {
    trackSecret(body.access_token);
    trackSecret(body.refresh_token);
    return body;
  };
  const exchanged = async (): Promise<ExchangedTokens> =>
    kept((await exchange(await provider.sign()).expect(200)).body);
  /** The response without its request id. */
  const withoutRequestId = ({ text }: { readonly text: string }): string => text.replace(/request:[\w-]+/, "");

  it("200: returns a personal token that acts as the user, and a refresh token, neither of which is cached", async () => {
    const jwt = await provider.sign();
    const { body, headers } = await exchange(jwt).expect(200);
    kept(body);
    expect(headers["cache-control"]).to.equal("no-store");
    expect(body.id_token).to.equal(jwt);
    const { body: caller } = await service.clientWithSecret(body.access_token).get("/api/whoami").expect(200);
    expect(caller).to.deep.include({ userId: body.user.id, scopes: ["connect:read"] });
    await service.clientWithSecret(body.access_token).get("/api/toolkits").expect(200);
    await service.clientWithSecret(body.access_token).get("/api/users").expect(403);
  });

  it("200: a refresh returns the next tokens and invalidates the previous ones", async () => {
    const first = await exchanged();
    const { body } = await refresh(first.refresh_token).expect(200);
    kept(body);
    await service.clientWithSecret(first.access_token).get("/api/whoami").expect(401);
    await service.clientWithSecret(body.access_token).get("/api/whoami").expect(200);
  });

  it("200: AUTH_SECRET can exchange too, for a token with connect:write", async () => {
    const { body } = await exchange(await provider.sign(), authSecret).expect(200);
    kept(body);
    const { body: caller } = await service.clientWithSecret(body.access_token).get("/api/whoami").expect(200);
    expect(caller.scopes).to.deep.equal(["connect:call", "connect:exchange-auth", "connect:read", "connect:write"]);
    kept((await refresh(body.refresh_token, authSecret).expect(200)).body);
  });

  it("400: rejects a missing or empty JWT", async () => {
    await service.clientWithSecret().post(path).set("X-API-Key", key).expect(400);
    for (const value of ["Bearer", "Bearer ", "bearer   "]) {
      await service.clientWithSecret().post(path).set("Authorization", value).set("X-API-Key", key).expect(400);
    }
    await service.clientWithSecret().post(path).set("Authorization", `Api-Token ${key}`).expect(400);
  });

  it("400: rejects a JWT in the URL or the body", async () => {
    const jwt = await provider.sign();
    await service.clientWithSecret().post(path).query({ access_token: jwt }).set("X-API-Key", key).expect(400);
    await service.clientWithSecret().post(path).query({ id_token: jwt }).set("X-API-Key", key).expect(400);
    await service.clientWithSecret().post(path).set("X-API-Key", key).send({ access_token: jwt }).expect(400);
  });

  it("401: rejects a request without a credential; the JWT is no credential and the credential is no JWT", async () => {
    const jwt = await provider.sign();
    const none = await service.clientWithSecret().post(path).set("Authorization", `Bearer ${jwt}`).expect(401);
    expect(none.body.type).to.match(/:unauthenticated$/);
    await service.clientWithSecret(key).post(path).expect(401);
    await service.clientWithSecret().post(path).set("X-API-Key", jwt).expect(401);
    await exchange(key).expect(401);
    await exchange(await provider.sign(), "junk").expect(401);
  });

  it("401: rejects every invalid JWT with the same response and a challenge", async () => {
    const stranger = await startIdentityProvider();
    const jwts = [
      "junk",
      await provider.sign({ exp: 1 }),
      await provider.sign({ aud: "another-app" }),
      await stranger.sign({ iss: provider.settings.issuer }),
      `${Buffer.from('{"alg":"none"}').toString("base64url")}.e30.`,
    ];
    const responses = [];
    for (const jwt of jwts) responses.push(await exchange(jwt).expect(401));
    expect(new Set(responses.map(withoutRequestId)).size).to.equal(1);
    for (const { headers } of responses) expect(headers["www-authenticate"]).to.contain('error="invalid_token"');
    await stranger.close();
  });

  it("403: rejects every JWT that identifies no user with the same response", async () => {
    const responses = [];
    for (const claims of [{ email: "nobody@example.com" }, { email_verified: false }, { email: undefined }]) {
      responses.push(await exchange(await provider.sign(claims)).expect(403));
    }
    expect(new Set(responses.map(withoutRequestId)).size).to.equal(1);
  });

  it("403: requires connect:exchange-auth, and rejects personal tokens", async () => {
    const { body } = await exchange(await provider.sign(), await keyWith(["connect:read"])).expect(403);
    expect(body.scopes).to.deep.equal(["connect:exchange-auth"]);
    const writer = (await exchange(await provider.sign(), await keyWith(["connect:write"])).expect(200)).body;
    kept(writer);
    await exchange(await provider.sign(), writer.access_token).expect(403);
    await refresh(writer.refresh_token, writer.access_token).expect(403);
  });

  it("401: reuse of a refresh token also revokes the access token", async () => {
    const first = await exchanged();
    const second = kept((await refresh(first.refresh_token).expect(200)).body);
    const reused = await refresh(first.refresh_token).expect(401);
    await service.clientWithSecret(second.access_token).get("/api/whoami").expect(401);
    expect(withoutRequestId(await refresh(second.refresh_token).expect(401))).to.equal(withoutRequestId(reused));
    expect(withoutRequestId(await refresh("junk").expect(401))).to.equal(withoutRequestId(reused));
  });

  it("400: a refresh requires a body with a refresh token and no other field", async () => {
    const agent = service.clientWithSecret(key);
    await agent.post(`${path}/refresh`).expect(400);
    for (const [body, pointer] of [
      [{}, "/refresh_token"],
      [{ refresh_token: 5 }, "/refresh_token"],
      [{ refresh_token: "x".repeat(201) }, "/refresh_token"],
      [{ refresh_token: "x", scope: "all" }, "/scope"],
    ] as const) {
      const { body: problem } = await agent.post(`${path}/refresh`).send(body).expect(400);
      expect(problem.errors[0].pointer).to.equal(pointer);
    }
    await agent.post(`${path}/refresh`).query({ refresh_token: "x" }).send({ refresh_token: "x" }).expect(400);
  });

  describe("two credentials in one request", () => {
    /** Sends raw header lines, which may repeat a header, and returns the status. */
    const raw = (method: string, target: string, headers: readonly (readonly [string, string])[]): Promise<number> =>
      new Promise((resolve, reject) => {
        const lines = [["Host", "localhost"], ["Content-Length", "0"], ...headers].flat();
        const request = httpRequest({ port: service.port, path: target, method, headers: lines }, (response) => {
          response.resume();
          resolve(response.statusCode ?? 0);
        });
        request.on("error", reject);
        request.end();
      });
    const both = (jwt: string) =>
      [
        ["Authorization", `Bearer ${jwt}`],
        ["X-API-Key", key],
      ] as const;

    it("are accepted at this path only, in every spelling that routes to it", async () => {
      for (const target of [path, `${path}/`, "/API/Auth-Exchange"]) {
        expect(await raw("POST", target, both("junk")), target).to.equal(401);
        expect(await raw("POST", target, [["X-API-Key", key]]), target).to.equal(400);
      }
    });

    it("are ambiguous at every other path and method", async () => {
      const jwt = await provider.sign();
      for (const [method, target] of [
        ["GET", path],
        ["PUT", path],
        ["POST", `${path}/refresh`],
        ["POST", `${path}/other`],
        ["POST", "/api//auth-exchange"],
        ["POST", "/api/toolkits"],
        ["GET", "/api/whoami"],
        ["POST", "/scim/v2/auth-exchange"],
        ["GET", "/scim/v2/Users"],
      ] as const) {
        expect(await raw(method, target, both(jwt)), `${method} ${target}`).to.equal(400);
      }
    });

    it("are ambiguous here too if either of them appears more than once", async () => {
      const jwt = await provider.sign();
      const other = await keyWith(["connect:exchange-auth"]);
      expect(await raw("POST", path, [...both(jwt), ["X-API-Key", other]])).to.equal(400);
      expect(await raw("POST", path, [...both(jwt), ["Authorization", "Bearer other"]])).to.equal(400);
      expect(await raw("POST", path, [...both(jwt), ["Authorization", `Api-Token ${other}`]])).to.equal(400);
      const basic = [
        ["Authorization", "Basic YTpi"],
        ["X-API-Key", key],
      ] as const;
      expect(await raw("POST", path, basic)).to.equal(400);
    });

    it("return 431 if the JWT exceeds the header limit", async () => {
      expect(await raw("POST", path, both("x".repeat(17_000)))).to.equal(431);
    });
  });

  describe("stored data", () => {
    it("contains no JWT, token or refresh token in records, audit events, request log and log lines", async () => {
      const created = [];
      for (const claims of [{}, { exp: 1 }, { email: "nobody@example.com" }]) {
        const jwt = await provider.sign(claims);
        const { body, status } = await exchange(jwt);
        if (status === 200) created.push(kept(body));
        await service.clientWithSecret().post(path).set("Authorization", `Bearer ${jwt}`).expect(401);
        trackSecret(jwt);
        trackSecret(jwt.split(".")[2] ?? jwt);
      }
      for (const { refresh_token } of created) {
        kept((await refresh(refresh_token).expect(200)).body);
        await refresh(refresh_token).expect(401);
      }
      await service.shutDown();
      for (const definition of [tokens, exchanges, auditEvents, requestLog]) {
        for (const tenant of [service.organizationId, serviceTenant]) {
          const { items } = await service.store
            .for(tenant)
            .open<never, never>(definition as never)
            .list({ limit: 1000 });
          assertNoSecrets(JSON.stringify(items), definition.name);
        }
      }
      assertNoSecrets(service.log(), "the log");
    });
  });
});

describe("POST /api/auth-exchange", () => {
  let provider: IdentityProvider;
  beforeEach(async () => {
    provider = await startIdentityProvider();
  });
  afterEach(() => provider.close());

  const exchange = async (service: Service, secret: string) =>
    service
      .clientWithSecret()
      .post(path)
      .set("Authorization", `Bearer ${await provider.sign()}`)
      .set("X-API-Key", secret);

  it("503: does not fetch keys from a private address unless allowed, and reports the cause only in the log", async () => {
    const service = await start(provider, { JWKS_ALLOW_PRIVATE: "false" });
    const { secret } = await service.issueToken({ scopes: ["connect:exchange-auth"] });
    const { status, headers, text } = await exchange(service, secret);
    expect(status).to.equal(503);
    expect(headers["retry-after"]).to.equal("30");
    expect(text).to.contain("keys cannot be read").and.not.contain("127.0.0.1");
    expect(provider.requests()).to.equal(0);
    expect(service.log()).to.contain("is not allowed");
    await service.dispose();
  });

  it("400: rejects an exchange without authExchange settings", async () => {
    const service = await start(provider);
    const elsewhere = await service.createOrganization("elsewhere");
    const { secret } = await service.issueToken({ scopes: ["connect:exchange-auth"] }, elsewhere);
    const { status, body } = await exchange(service, secret);
    expect(status).to.equal(400);
    expect(body.detail).to.contain("authExchange");
    expect(provider.requests()).to.equal(0);
    await service.dispose();
  });

  it("429: an exchange counts against the rate limit of its credential", async () => {
    const service = await start(provider, { RATE_LIMIT: "api=2/86400" });
    const { secret } = await service.issueToken({ scopes: ["connect:exchange-auth"] });
    const statuses = [];
    for (let count = 0; count < 3; count++) {
      statuses.push(
        (await service.clientWithSecret().post(path).set("Authorization", "Bearer junk").set("X-API-Key", secret))
          .status,
      );
    }
    expect(statuses).to.deep.equal([401, 401, 429]);
    await service.dispose();
  });
});
