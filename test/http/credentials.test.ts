import { request as httpRequest } from "node:http";
import { expect } from "chai";
import { auditEvents, serviceTenant, tokens } from "../../src/store/collections.ts";
import { assertHoldsNoSecret } from "../support/secrets.ts";
import { type Service, startService } from "../support/service.ts";

/** The doors, each with a path that any token of the test may read, and its media type for refusals. */
const doors = [
  { door: "/scim/v2", path: "/scim/v2/Users", refusalType: "application/scim+json" },
  { door: "/api", path: "/api/whoami", refusalType: "application/problem+json" },
] as const;

const authSecret = "an on-premises secret of 40 characters!!".replaceAll(" ", "-");

for (const { door, path, refusalType } of doors) {
  describe(`Credentials at ${door}`, () => {
    let service: Service;
    let secret: string;
    let other: string;
    before(async () => {
      service = await startService({ environment: { AUTH_SECRET: authSecret } });
      secret = (await service.issue({ scopes: ["admin:scim"] })).secret;
      other = (await service.issue({ scopes: ["admin:scim"] })).secret;
    });
    after(() => service.dispose());

    /** Sends raw header lines, doubled ones too, which the usual clients join. */
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
    const expectRefusal = (answer: Awaited<ReturnType<typeof raw>>, status: number): void => {
      expect(answer.status, answer.text).to.equal(status);
      expect(answer.headers["content-type"]).to.equal(refusalType);
      expect(answer.text).to.not.match(/\bat .*\.(js|ts)\b|node_modules|Error:/);
      assertHoldsNoSecret(answer.text, "a refusal");
    };

    describe("accepted forms", () => {
      const forms: Record<string, (token: string) => readonly [string, string]> = {
        "Authorization: Bearer": (token) => ["Authorization", `Bearer ${token}`],
        "Authorization: bearer, two spaces": (token) => ["authorization", `bearer  ${token}`],
        "Authorization: Api-Token": (token) => ["Authorization", `Api-Token ${token}`],
        "X-API-Key": (token) => ["X-API-Key", token],
      };
      for (const [form, header] of Object.entries(forms)) {
        it(`${form} opens the door`, async () => {
          expect((await raw([host, header(secret)])).status).to.equal(200);
        });
      }

      it("the same credential in two headers is one credential", async () => {
        const answer = await raw([host, ["Authorization", `Bearer ${secret}`], ["X-API-Key", secret]]);
        expect(answer.status).to.equal(200);
      });

      it("AUTH_SECRET opens everything of the default organisation", async () => {
        expect((await raw([host, ["Authorization", `Bearer ${authSecret}`]])).status).to.equal(200);
        const who = JSON.parse((await raw([host, ["Authorization", `Bearer ${authSecret}`]], "/api/whoami")).text);
        expect(who).to.deep.include({ organizationId: service.organizationId, actor: { type: "auth-secret" } });
        expect(who.scopes).to.include("all");
      });
    });

    describe("RFC 6750 3 refusals", () => {
      it("answers no credential with 401 and a challenge without an error code", async () => {
        const answer = await raw([host]);
        expectRefusal(answer, 401);
        expect(answer.headers["www-authenticate"]).to.equal('Bearer realm="gatehouse"');
      });

      it("answers every unusable credential alike", async () => {
        const disabled = await service.issue({ scopes: ["all"] });
        const expired = await service.issue({ scopes: ["all"], expiresAt: new Date(Date.now() + 60_000) });
        const revoked = await service.issue({ scopes: ["all"] });
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
        const answers = [];
        for (const credential of unusable) answers.push(await raw([host, ["Authorization", `Bearer ${credential}`]]));
        for (const answer of answers) {
          expectRefusal(answer, 401);
          expect(answer.headers["www-authenticate"]).to.contain('error="invalid_token"');
        }
        const told = answers.map(({ text }) => text.replace(/request:[\w-]+/, ""));
        expect(new Set(told).size).to.equal(1);
      });

      for (const [what, value] of Object.entries({
        "Basic credentials": "Basic YTpi",
        "Bearer and nothing": "Bearer",
        "Bearer and two words": "Bearer a b",
        "a quote": 'Bearer a"b',
        "600 characters": `Bearer ${"x".repeat(600)}`,
      })) {
        it(`answers ${what} with 401`, async () => expectRefusal(await raw([host, ["Authorization", value]]), 401));
      }

      it("names the scopes that would have been enough, in the body's words and in the challenge", async () => {
        const weak = (await service.issue({ scopes: ["connect:read"] })).secret;
        const answer = await raw([host, ["Authorization", `Bearer ${weak}`]], "/scim/v2/Users");
        expect(answer.status).to.equal(403);
        expect(answer.headers["www-authenticate"]).to.contain('error="insufficient_scope", scope="admin:scim"');
        expect(answer.text).to.contain("admin:scim");
      });
    });

    describe("two credentials", () => {
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
        it(`${what} are refused with 400`, async () => {
          expectRefusal(await raw([host, ...headers(secret, other)]), 400);
        });
      }
    });

    describe("a token in the URL or the body", () => {
      for (const name of ["access_token", "token", "api_key", "apikey", "ACCESS_TOKEN", "access%5Ftoken"]) {
        it(`?${name}= is refused with 400, with and without a credential beside it`, async () => {
          expectRefusal(await raw([host], `${path}?${name}=${secret}`), 400);
          expectRefusal(await raw([host, ["Authorization", `Bearer ${secret}`]], `${path}?x=1&${name}=${secret}`), 400);
        });
      }

      it("in a form or JSON body without another credential is refused with 400", async () => {
        for (const [type, body] of [
          ["application/x-www-form-urlencoded", `access_token=${secret}`],
          ["application/json", JSON.stringify({ access_token: secret })],
        ] as const) {
          const headers = [host, ["Content-Type", type], ["Content-Length", String(body.length)]] as const;
          expectRefusal(await raw(headers, path, body), 400);
        }
      });
    });

    it("a header of 10 kB is refused with 431, and nothing of the inside is told", async () => {
      const answer = await raw([host, ["Authorization", `Bearer ${"x".repeat(10_000)}`]]);
      expect(answer.status).to.equal(431);
      expect(answer.headers["content-type"]).to.equal("application/problem+json");
      expect(answer.text).to.not.match(/\.js|node:/);
    });
  });
}

describe("Refused authentications", () => {
  it("are audit events of the token's organisation, or of none, with the cause that the caller is not told", async () => {
    const service = await startService();
    const { id, secret } = await service.issue({ scopes: ["all"] });
    await service.domain.tokens.revoke(service.organizationId, { actor: { type: "operator" } }, id);
    for (let count = 0; count < 3; count++) await service.with(secret).get("/api/whoami").expect(401);
    await service.with("junk").get("/api/whoami").expect(401);
    await service.settle();
    const refused = { where: { op: "eq", path: "outcome", value: "refused" }, limit: 10 } as const;
    const { items } = await service.store.for(service.organizationId).open(auditEvents).list(refused);
    expect(items.map(({ actor, details }) => ({ actor: actor.id, details }))).to.deep.equal([
      { actor: id, details: { cause: "revoked", count: 3 } },
    ]);
    const strangers = await service.store.for(serviceTenant).open(auditEvents).list(refused);
    expect(strangers.items.map(({ details }) => details)).to.deep.equal([{ cause: "malformed", count: 1 }]);
    await service.dispose();
  });
});
