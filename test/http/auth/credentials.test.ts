import { request as httpRequest } from "node:http";
import { expect } from "chai";
import { mintSecret } from "../../../src/domain/tokens/issue/format.ts";
import { auditEvents, requestLog, serviceTenant, tokens } from "../../../src/store/collections.ts";
import { describeOnEngines } from "../../store/engines.fixture.ts";
import { assertNoSecrets } from "../../support/secrets.ts";
import { type Service, startService } from "../../support/service.ts";

/** The APIs, each with a path that any token of the test may read, and its media type for errors. */
const apis = [
  { api: "/scim/v2", path: "/scim/v2/Users", errorType: "application/scim+json" },
  { api: "/api", path: "/api/whoami", errorType: "application/problem+json" },
] as const;

const authSecret = "an on-premises secret of 40 characters!!".replaceAll(" ", "-");

for (const { api, path, errorType } of apis) {
  describe(`Credentials at ${api}`, () => {
    let service: Service;
    let secret: string;
    let other: string;
    before(async () => {
      service = await startService({ environment: { AUTH_SECRET: authSecret } });
      secret = (await service.issueToken({ scopes: ["admin:scim"] })).secret;
      other = (await service.issueToken({ scopes: ["admin:scim"] })).secret;
    });
    after(() => service.dispose());

    /** Sends raw header lines, also repeated ones, which common clients would join. */
    const raw = (headers: readonly (readonly [string, string])[], target: string = path, body?: string) =>
      new Promise<{ status: number; headers: NodeJS.Dict<string | string[]>; text: string }>((resolve, reject) => {
        const request = httpRequest(
          { port: service.port, path: target, method: body === undefined ? "GET" : "POST", headers: headers.flat() },
          (response) => {
            let text = "";
            response.on("data", (chunk) => {
              text += chunk;
            });
            response.on("end", () => resolve({ status: response.statusCode ?? 0, headers: response.headers, text }));
          },
        );
        request.on("error", reject);
        request.end(body);
      });
    const host = ["Host", "localhost"] as const;
    const expectError = (httpResponse: Awaited<ReturnType<typeof raw>>, status: number): void => {
      expect(httpResponse.status, httpResponse.text).to.equal(status);
      expect(httpResponse.headers["content-type"]).to.equal(errorType);
      expect(httpResponse.text).to.not.match(/\bat .*\.(js|ts)\b|node_modules|Error:/);
      assertNoSecrets(httpResponse.text, "an error response");
    };

    describe("accepted forms", () => {
      const forms: Record<string, (token: string) => readonly [string, string]> = {
        "Authorization: Bearer": (token) => ["Authorization", `Bearer ${token}`],
        "Authorization: bearer, two spaces": (token) => ["authorization", `bearer  ${token}`],
        "Authorization: Api-Token": (token) => ["Authorization", `Api-Token ${token}`],
        "X-API-Key": (token) => ["X-API-Key", token],
      };
      for (const [form, header] of Object.entries(forms)) {
        it(`accepts ${form}`, async () => {
          expect((await raw([host, header(secret)])).status).to.equal(200);
        });
      }

      it("accepts the same credential in two headers", async () => {
        const httpResponse = await raw([host, ["Authorization", `Bearer ${secret}`], ["X-API-Key", secret]]);
        expect(httpResponse.status).to.equal(200);
      });

      it("AUTH_SECRET grants full access to the default organization", async () => {
        expect((await raw([host, ["Authorization", `Bearer ${authSecret}`]])).status).to.equal(200);
        const who = JSON.parse((await raw([host, ["Authorization", `Bearer ${authSecret}`]], "/api/whoami")).text);
        expect(who).to.deep.include({ organizationId: service.organizationId, actor: { type: "auth-secret" } });
        expect(who.scopes).to.include("all");
      });
    });

    describe("RFC 6750 section 3: errors", () => {
      it("returns 401 and a challenge without an error code for a request without a credential", async () => {
        const httpResponse = await raw([host]);
        expectError(httpResponse, 401);
        expect(httpResponse.headers["www-authenticate"]).to.equal('Bearer realm="gatehouse"');
      });

      it("returns the same response for every unusable credential", async () => {
        const disabled = await service.issueToken({ scopes: ["all"] });
        const expired = await service.issueToken({ scopes: ["all"], expiresAt: new Date(Date.now() + 60_000) });
        const revoked = await service.issueToken({ scopes: ["all"] });
        await service.domain.tokens.revoke(service.organizationId, { actor: { type: "operator" } }, revoked.id);
        await service.store.transaction(async (change) => {
          const open = change.for(service.organizationId).open(tokens);
          for (const [id, more] of [
            [disabled.id, { enabled: false }],
            [expired.id, { expiresAt: new Date(Date.now() - 1).toISOString() }],
          ] as const) {
            const token = await open.get(id);
            if (token) await open.replace({ ...token, ...more, version: 2 }, 1);
          }
        });
        const changed = secret.replace(/.$/, (last) => (last === "a" ? "b" : "a"));
        const unusable = [
          disabled.secret,
          expired.secret,
          revoked.secret,
          changed,
          "junk",
          `${authSecret}x`,
          "x".repeat(511),
        ];
        const responses = [];
        for (const credential of unusable) responses.push(await raw([host, ["Authorization", `Bearer ${credential}`]]));
        for (const httpResponse of responses) {
          expectError(httpResponse, 401);
          expect(httpResponse.headers["www-authenticate"]).to.contain('error="invalid_token"');
        }
        const bodies = responses.map(({ text }) => text.replace(/request:[\w-]+/, ""));
        expect(new Set(bodies).size).to.equal(1);
      });

      for (const [what, value] of Object.entries({
        "Basic credentials": "Basic YTpi",
        "Bearer and nothing": "Bearer",
        "Bearer and two words": "Bearer a b",
        "a quote": 'Bearer a"b',
        "600 characters": `Bearer ${"x".repeat(600)}`,
      })) {
        it(`returns 401 for ${what}`, async () => expectError(await raw([host, ["Authorization", value]]), 401));
      }

      it("names the sufficient scopes in the body and in the challenge", async () => {
        const weak = (await service.issueToken({ scopes: ["connect:read"] })).secret;
        const httpResponse = await raw([host, ["Authorization", `Bearer ${weak}`]], "/scim/v2/Users");
        expect(httpResponse.status).to.equal(403);
        expect(httpResponse.headers["www-authenticate"]).to.contain('error="insufficient_scope", scope="admin:scim"');
        expect(httpResponse.text).to.contain("admin:scim");
      });
    });

    describe("more than one credential", () => {
      for (const [what, headers] of Object.entries({
        "in two headers": (a: string, b: string) =>
          [
            ["Authorization", `Bearer ${a}`],
            ["X-API-Key", b],
          ] as const,
        "in one header sent twice": (a: string, b: string) =>
          [
            ["Authorization", `Bearer ${a}`],
            ["Authorization", `Bearer ${b}`],
          ] as const,
        "of which one is Basic": (a: string) =>
          [
            ["Authorization", "Basic YTpi"],
            ["X-API-Key", a],
          ] as const,
      })) {
        it(`rejects two credentials ${what} with 400`, async () => {
          expectError(await raw([host, ...headers(secret, other)]), 400);
        });
      }
    });

    describe("a token in the URL or the body", () => {
      for (const name of ["access_token", "token", "api_key", "apikey", "ACCESS_TOKEN", "access%5Ftoken"]) {
        it(`rejects ?${name}= with 400, with and without a credential`, async () => {
          expectError(await raw([host], `${path}?${name}=${secret}`), 400);
          expectError(await raw([host, ["Authorization", `Bearer ${secret}`]], `${path}?x=1&${name}=${secret}`), 400);
        });
      }

      it("rejects a token in a form or JSON body with 400", async () => {
        for (const [type, body] of [
          ["application/x-www-form-urlencoded", `access_token=${secret}`],
          ["application/json", JSON.stringify({ access_token: secret })],
        ] as const) {
          const headers = [host, ["Content-Type", type], ["Content-Length", String(body.length)]] as const;
          expectError(await raw(headers, path, body), 400);
        }
      });
    });

    it("rejects a header of 10 kB with 431, without internal details", async () => {
      const httpResponse = await raw([host, ["Authorization", `Bearer ${"x".repeat(10_000)}`]]);
      expect(httpResponse.status).to.equal(431);
      expect(httpResponse.headers["content-type"]).to.equal("application/problem+json");
      expect(httpResponse.text).to.not.match(/\.js|node:/);
    });
  });
}

const revoke = (service: Service, id: string) =>
  service.domain.tokens.revoke(service.organizationId, { actor: { type: "operator" } }, id);

/** Returns the rejections with their counts. One kind has several events if the buffer was written in between. */
const listRejections = async ({ store }: Service, organizationId: string) => {
  const rejected = { where: { op: "eq", path: "outcome", value: "refused" }, limit: 10 } as const;
  const { items } = await store.for(organizationId).open(auditEvents).list(rejected);
  const rejections = new Map<string, { actor: string | undefined; details: { cause: unknown; count: number } }>();
  for (const { actor, details: { cause, count } = {} } of items) {
    const key = `${actor.id} ${cause}`;
    const { details } = rejections.get(key) ?? { details: { count: 0 } };
    rejections.set(key, { actor: actor.id, details: { cause, count: details.count + Number(count) } });
  }
  return [...rejections.values()];
};

describeOnEngines("Rejected credentials", (open) => {
  it("are visible to the organization whose token it was, and no organization sees credentials of none", async () => {
    const service = await startService({ open });
    await service.createOrganization("other");
    const { id, secret } = await service.issueToken({ scopes: ["all"] });
    await revoke(service, id);
    for (let count = 0; count < 3; count++) await service.clientWithSecret(secret).get("/api/whoami").expect(401);
    await service.clientWithSecret("junk").get("/api/whoami").expect(401);
    await service.clientWithSecret().get("/api/whoami").expect(401);
    await service.shutDown();
    expect(await listRejections(service, service.organizationId)).to.deep.equal([
      { actor: id, details: { cause: "revoked", count: 3 } },
    ]);
    expect(await listRejections(service, serviceTenant)).to.deep.equal([
      { actor: undefined, details: { cause: "malformed", count: 1 } },
    ]);
    const readLog = async (organizationId: string) =>
      (await service.store.for(organizationId).open(requestLog).list({ limit: 10 })).items.map(({ cause }) => cause);
    expect(await readLog(service.organizationId)).to.deep.equal(["revoked", "revoked", "revoked"]);
    expect(await readLog(serviceTenant)).to.have.members(["malformed", "missing"]);
    await service.dispose();
  });

  it("are visible to the only organization, with their cause and a line in the log", async () => {
    const service = await startService({ open });
    const issue = (more: object = {}) => service.issueToken({ scopes: ["all"], ...more });
    const [valid, revoked, disabled] = [await issue(), await issue(), await issue()] as const;
    const elsewhere = await issue({ allowedIps: ["192.0.2.1"] });
    await revoke(service, revoked.id);
    await (await service.clientWithScopes(["admin:tokens"]))
      .patch(`/api/tokens/${disabled.id}`)
      .send({ enabled: false })
      .expect(200);
    const mistyped = `${valid.secret.slice(0, -1)}${valid.secret.endsWith("a") ? "b" : "a"}`;
    const cases = [
      { cause: "malformed", header: `Bearer ${mistyped}`, status: 401 },
      { cause: "unknown", header: `Bearer ${mintSecret("wxt")}`, status: 401 },
      { cause: "revoked", header: `Bearer ${revoked.secret}`, actorId: revoked.id, status: 401 },
      { cause: "disabled", header: `Bearer ${disabled.secret}`, actorId: disabled.id, status: 401 },
      { cause: "ip-not-allowed", header: `Bearer ${elsewhere.secret}`, actorId: elsewhere.id, status: 403 },
      { cause: "no-scheme", header: valid.secret, actorId: valid.id, status: 401 },
      { cause: "other-scheme", header: "Basic YTpi", status: 401 },
      { cause: "missing", header: "Bearer", status: 401 },
      { cause: "missing", header: undefined, status: 401 },
      {
        cause: "in-url-or-body",
        header: undefined,
        query: `?access_token=${valid.secret}`,
        actorId: valid.id,
        status: 400,
      },
    ];
    for (const [at, { header, status, query = "" }] of cases.entries()) {
      const request = service.clientWithSecret().get(`/scim/v2/Users${query}`).set("X-Request-Id", `case-${at}`);
      if (header !== undefined) request.set("Authorization", header);
      await request.expect(status);
    }
    await service.shutDown();
    const { items } = await service.store.for(service.organizationId).open(requestLog).list({ limit: 20 });
    const logLines = service
      .log()
      .split("\n")
      .filter((line) => line.includes('"credential rejected"'))
      .map((line) => JSON.parse(line));
    for (const [at, { cause, actorId, status }] of cases.entries()) {
      const entry = items.find(({ requestId }) => requestId === `case-${at}`);
      expect(entry, cause).to.include({ cause, status });
      expect(entry?.actor?.id, cause).to.equal(actorId);
      expect(logLines[at]).to.include({ level: "warn", requestId: `case-${at}`, ip: "127.0.0.1", reason: cause });
      expect(logLines[at].tokenId).to.equal(actorId);
    }
    expect(
      (await listRejections(service, service.organizationId)).map(({ details }) => details?.["cause"]),
    ).to.have.members(cases.map(({ cause }) => cause).filter((cause) => cause !== "missing"));
    await service.dispose();
  });

  it("name the expected form if the scheme is missing, also for a token that does not exist", async () => {
    const service = await startService({ open });
    const { secret } = await service.issueToken({ scopes: ["all"] });
    const details = [];
    for (const value of [secret, mintSecret("wxt"), "junk"]) {
      const { body } = await service.clientWithSecret().get("/scim/v2/Users").set("Authorization", value).expect(401);
      details.push(body.detail);
    }
    expect(new Set(details).size).to.equal(1);
    expect(details[0]).to.contain("Authorization: Bearer");
    await service.dispose();
  });
});
