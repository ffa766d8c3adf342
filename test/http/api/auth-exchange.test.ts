import { request as httpRequest } from "node:http";
import { expect } from "chai";
import type { ExchangedTokens } from "../../../schemas/auth-exchange.ts";
import type { Scope } from "../../../schemas/token.ts";
import type { Environment } from "../../../src/config.ts";
import { operator } from "../../../src/domain/audit/record.ts";
import { Users } from "../../../src/domain/people/users.ts";
import { Purges } from "../../../src/domain/purges/purges.ts";
import { expandScopes } from "../../../src/domain/tokens/scopes.ts";
import { auditEvents, exchanges, requestLog, serviceTenant, tokens } from "../../../src/store/collections.ts";
import { engines } from "../../store/engines.ts";
import type { Open } from "../../store/opened.ts";
import { type IdentityProvider, startIdentityProvider } from "../../support/identity-provider.ts";
import { assertHoldsNoSecret, remember } from "../../support/secrets.ts";
import { type Service, startService } from "../../support/service.ts";

const path = "/api/auth-exchange";
const authSecret = "an-on-premises-secret-of-40-characters!!";

/** The service, whose organisation `default` believes the identity provider and has the user Ada. */
async function start(provider: IdentityProvider, environment: Environment = {}, open?: Open): Promise<Service> {
  const service = await startService({
    environment: { JWKS_ALLOW_PRIVATE: "true", ...environment },
    ...(open && { open }),
  });
  const { store, organizationId } = service;
  const admin = await service.as(["admin:write"]);
  await admin.patch("/api/organization").send({ authExchange: provider.settings }).expect(200);
  const caller = { ...operator, organizationId, scopes: expandScopes(["all"]) };
  await new Users(store, new Purges(store)).create(caller, { userName: "ada@example.com" });
  return service;
}

for (const { name: engine, open } of engines) {
  describe(`POST /api/auth-exchange on ${engine}`, () => {
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

    const keyWith = async (scopes: readonly Scope[]): Promise<string> => (await service.issue({ scopes })).secret;
    const exchange = (jwt: string, apiKey = key) =>
      service.with().post(path).set("Authorization", `Bearer ${jwt}`).set("X-API-Key", apiKey);
    const refresh = (refreshToken: string, apiKey = key) =>
      service.with(apiKey).post(`${path}/refresh`).send({ refresh_token: refreshToken });
    const kept = (body: ExchangedTokens): ExchangedTokens => {
      remember(body.access_token);
      remember(body.refresh_token);
      return body;
    };
    const exchanged = async (): Promise<ExchangedTokens> =>
      kept((await exchange(await provider.sign()).expect(200)).body);
    /** Without what names the request. */
    const told = ({ text }: { readonly text: string }): string => text.replace(/request:[\w-]+/, "");

    it("200: a personal token, with which the user is who calls, and a refresh token; no cache keeps them", async () => {
      const jwt = await provider.sign();
      const { body, headers } = await exchange(jwt).expect(200);
      kept(body);
      expect(headers["cache-control"]).to.equal("no-store");
      expect(body.id_token).to.equal(jwt);
      const { body: caller } = await service.with(body.access_token).get("/api/whoami").expect(200);
      expect(caller).to.deep.include({ userId: body.user.id, scopes: ["connect:read"] });
      await service.with(body.access_token).get("/api/toolkits").expect(200);
      await service.with(body.access_token).get("/api/users").expect(403);
    });

    it("200: a refresh gives the next ones, and what they replace opens nothing", async () => {
      const first = await exchanged();
      const { body } = await refresh(first.refresh_token).expect(200);
      kept(body);
      await service.with(first.access_token).get("/api/whoami").expect(401);
      await service.with(body.access_token).get("/api/whoami").expect(200);
    });

    it("200: AUTH_SECRET exchanges as well, for a token that writes", async () => {
      const { body } = await exchange(await provider.sign(), authSecret).expect(200);
      kept(body);
      const { body: caller } = await service.with(body.access_token).get("/api/whoami").expect(200);
      expect(caller.scopes).to.deep.equal(["connect:exchange-auth", "connect:read", "connect:write"]);
      kept((await refresh(body.refresh_token, authSecret).expect(200)).body);
    });

    it("400: without a JWT, or with an empty one", async () => {
      await service.with().post(path).set("X-API-Key", key).expect(400);
      for (const value of ["Bearer", "Bearer ", "bearer   "]) {
        await service.with().post(path).set("Authorization", value).set("X-API-Key", key).expect(400);
      }
      await service.with().post(path).set("Authorization", `Api-Token ${key}`).expect(400);
    });

    it("400: with a JWT in the URL or the body", async () => {
      const jwt = await provider.sign();
      await service.with().post(path).query({ access_token: jwt }).set("X-API-Key", key).expect(400);
      await service.with().post(path).query({ id_token: jwt }).set("X-API-Key", key).expect(400);
      await service.with().post(path).set("X-API-Key", key).send({ access_token: jwt }).expect(400);
    });

    it("401: without the credential, the JWT is none; nor is the credential the JWT", async () => {
      const jwt = await provider.sign();
      const none = await service.with().post(path).set("Authorization", `Bearer ${jwt}`).expect(401);
      expect(none.body.type).to.match(/:unauthenticated$/);
      await service.with(key).post(path).expect(401);
      await service.with().post(path).set("X-API-Key", jwt).expect(401);
      await exchange(key).expect(401);
      await exchange(await provider.sign(), "junk").expect(401);
    });

    it("401: every JWT that is not believed is refused alike, with a challenge", async () => {
      const stranger = await startIdentityProvider();
      const jwts = [
        "junk",
        await provider.sign({ exp: 1 }),
        await provider.sign({ aud: "another-app" }),
        await stranger.sign({ iss: provider.settings.issuer }),
        `${Buffer.from('{"alg":"none"}').toString("base64url")}.e30.`,
      ];
      const answers = [];
      for (const jwt of jwts) answers.push(await exchange(jwt).expect(401));
      expect(new Set(answers.map(told)).size).to.equal(1);
      for (const { headers } of answers) expect(headers["www-authenticate"]).to.contain('error="invalid_token"');
      await stranger.close();
    });

    it("403: every JWT that names no user here is refused alike", async () => {
      const answers = [];
      for (const claims of [{ email: "nobody@example.com" }, { email_verified: false }, { email: undefined }]) {
        answers.push(await exchange(await provider.sign(claims)).expect(403));
      }
      expect(new Set(answers.map(told)).size).to.equal(1);
    });

    it("403: without the scope; and for a personal token, whatever its scopes", async () => {
      const { body } = await exchange(await provider.sign(), await keyWith(["connect:read"])).expect(403);
      expect(body.scopes).to.deep.equal(["connect:exchange-auth"]);
      const writer = (await exchange(await provider.sign(), await keyWith(["connect:write"])).expect(200)).body;
      kept(writer);
      await exchange(await provider.sign(), writer.access_token).expect(403);
      await refresh(writer.refresh_token, writer.access_token).expect(403);
    });

    it("401: a refresh token that comes a second time ends the access token too", async () => {
      const first = await exchanged();
      const second = kept((await refresh(first.refresh_token).expect(200)).body);
      const reused = await refresh(first.refresh_token).expect(401);
      await service.with(second.access_token).get("/api/whoami").expect(401);
      expect(told(await refresh(second.refresh_token).expect(401))).to.equal(told(reused));
      expect(told(await refresh("junk").expect(401))).to.equal(told(reused));
    });

    it("400: a refresh takes a refresh token, in the body, and nothing else", async () => {
      const agent = service.with(key);
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
      /** Sends raw header lines, doubled ones too. @returns the status */
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

      it("are for this address alone, in every spelling that leads to it", async () => {
        for (const target of [path, `${path}/`, "/API/Auth-Exchange"]) {
          expect(await raw("POST", target, both("junk")), target).to.equal(401);
          expect(await raw("POST", target, [["X-API-Key", key]]), target).to.equal(400);
        }
      });

      it("are ambiguous at every other address and method", async () => {
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

      it("are ambiguous here as well when either of them is there twice", async () => {
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

      it("are refused with 431 when the JWT is longer than a request's head may be", async () => {
        expect(await raw("POST", path, both("x".repeat(17_000)))).to.equal(431);
      });
    });

    describe("what is left of all that", () => {
      it("holds no JWT, no token and no refresh token: no record, no event, no request log, no line of the log", async () => {
        const made = [];
        for (const claims of [{}, { exp: 1 }, { email: "nobody@example.com" }]) {
          const jwt = await provider.sign(claims);
          const { body, status } = await exchange(jwt);
          if (status === 200) made.push(kept(body));
          await service.with().post(path).set("Authorization", `Bearer ${jwt}`).expect(401);
          remember(jwt);
          remember(jwt.split(".")[2] ?? jwt);
        }
        for (const { refresh_token } of made) {
          kept((await refresh(refresh_token).expect(200)).body);
          await refresh(refresh_token).expect(401);
        }
        await service.settle();
        for (const definition of [tokens, exchanges, auditEvents, requestLog]) {
          for (const tenant of [service.organizationId, serviceTenant]) {
            const { items } = await service.store
              .for(tenant)
              .open<never, never>(definition as never)
              .list({ limit: 1000 });
            assertHoldsNoSecret(JSON.stringify(items), definition.name);
          }
        }
        assertHoldsNoSecret(service.log(), "the log");
      });
    });
  });
}

describe("POST /api/auth-exchange", () => {
  let provider: IdentityProvider;
  beforeEach(async () => {
    provider = await startIdentityProvider();
  });
  afterEach(() => provider.close());

  const exchange = async (service: Service, secret: string) =>
    service
      .with()
      .post(path)
      .set("Authorization", `Bearer ${await provider.sign()}`)
      .set("X-API-Key", secret);

  it("503: keys at a private address are not asked for unless the operator allows it; the cause is in the log alone", async () => {
    const service = await start(provider, { JWKS_ALLOW_PRIVATE: "false" });
    const { secret } = await service.issue({ scopes: ["connect:exchange-auth"] });
    const { status, headers, text } = await exchange(service, secret);
    expect(status).to.equal(503);
    expect(headers["retry-after"]).to.equal("30");
    expect(text).to.contain("keys cannot be read").and.not.contain("127.0.0.1");
    expect(provider.requests()).to.equal(0);
    expect(service.log()).to.contain("is not spoken here");
    await service.dispose();
  });

  it("400: an organisation that believes no identity provider exchanges nothing", async () => {
    const service = await start(provider);
    const elsewhere = await service.organization("elsewhere");
    const { secret } = await service.issue({ scopes: ["connect:exchange-auth"] }, elsewhere);
    const { status, body } = await exchange(service, secret);
    expect(status).to.equal(400);
    expect(body.detail).to.contain("authExchange");
    expect(provider.requests()).to.equal(0);
    await service.dispose();
  });

  it("429: an exchange counts for the exchanging token like every request", async () => {
    const service = await start(provider, { RATE_LIMIT: "api=2/60" });
    const { secret } = await service.issue({ scopes: ["connect:exchange-auth"] });
    const statuses = [];
    for (let count = 0; count < 3; count++) {
      statuses.push(
        (await service.with().post(path).set("Authorization", "Bearer junk").set("X-API-Key", secret)).status,
      );
    }
    expect(statuses).to.deep.equal([401, 401, 429]);
    await service.dispose();
  });
});
