import { expect } from "chai";
import fc from "fast-check";
import { engines } from "../store/engines.ts";
import { remember } from "../support/secrets.ts";
import { type Agent, type Service, startService, userUrn } from "../support/service.ts";

const grant = "client_credentials";

for (const { name: engine, open } of engines) {
  describe(`POST /oauth/token on ${engine} (RFC 6749 section 4.4)`, () => {
    let service: Service;
    let admin: Agent;
    let client: { readonly id: string; readonly secret: string };
    before(async () => {
      service = await startService({ open });
      admin = await service.as(["all"]);
    });
    beforeEach(async () => {
      client = await service.issue({ scopes: ["admin:write"], name: "Entra" });
    });
    after(() => service.dispose());

    const ask = (form: Readonly<Record<string, string>> | string, basic?: readonly [string, string]) => {
      const request = service.with().post("/oauth/token").type("form");
      if (basic) {
        const [id, secret] = basic.map(encodeURIComponent);
        request.set("Authorization", `Basic ${Buffer.from(`${id}:${secret}`).toString("base64")}`);
      }
      return request.send(form);
    };
    const credentials = () => ({ client_id: client.id, client_secret: client.secret });
    const issued = async (more: Readonly<Record<string, string>> = {}): Promise<string> => {
      const { body } = await ask({ grant_type: grant, ...credentials(), ...more }).expect(200);
      return remember(body.access_token);
    };

    describe("answers (section 5.1)", () => {
      for (const [how, send] of [
        ["client_secret_basic", () => ask({ grant_type: grant }, [client.id, client.secret])],
        ["client_secret_post", () => ask({ grant_type: grant, ...credentials() })],
      ] as const) {
        it(`an access token by ${how}, which nobody stores`, async () => {
          const { body, headers } = await send().expect(200);
          remember(body.access_token);
          expect(body).to.have.all.keys("access_token", "token_type", "expires_in", "scope");
          expect(body).to.include({ token_type: "Bearer", scope: "admin:write" });
          expect(body.expires_in).to.be.within(3590, 3600);
          expect(headers).to.include({ "cache-control": "no-store", pragma: "no-cache" });
          await service.with(body.access_token).get("/api/users").expect(200);
        });
      }

      it("fewer scopes where fewer are asked for", async () => {
        const narrow = service.with(await issued({ scope: "admin:scim" }));
        await narrow
          .post("/scim/v2/Users")
          .send({ schemas: [userUrn], userName: `u${Math.random()}` })
          .expect(201);
        await narrow.get("/api/users").expect(403);
      });

      it("with the client's user, servers and type, and no longer life than the client has", async () => {
        const { body: user } = await admin.post("/api/users").send({ userName: `u${Math.random()}` });
        client = await service.issue({
          ...{ type: "mcp", scopes: ["connect:read"], userId: user.id, environment: "production" },
          ...{ mcpServers: ["github"], expiresAt: new Date(Date.now() + 600_000) },
        });
        const { body } = await ask({ grant_type: grant, ...credentials() }).expect(200);
        expect(body.expires_in).to.be.within(590, 600);
        const { body: who } = await service.with(remember(body.access_token)).get("/api/whoami").expect(200);
        expect(who).to.deep.include({ userId: user.id, scopes: ["connect:read"] });
        expect(who.token).to.deep.include({ type: "mcp", environment: "production", mcpServers: ["github"] });
      });

      it("a token that lists and events name with its parent", async () => {
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

    describe("what ends with the client, at once", () => {
      const endings: Readonly<Record<string, () => Promise<unknown>>> = {
        revoked: () => admin.delete(`/api/tokens/${client.id}`).expect(204),
        disabled: () => admin.patch(`/api/tokens/${client.id}`).send({ enabled: false }).expect(200),
        expired: async () => {
          const expiresAt = new Date(Date.now() + 200);
          await admin.patch(`/api/tokens/${client.id}`).send({ expiresAt: expiresAt.toISOString() }).expect(200);
          while (new Date() <= expiresAt) await new Promise((resolve) => setTimeout(resolve, 20));
        },
      };
      for (const [how, end] of Object.entries(endings)) {
        it(`a client that is ${how} gets no more, and what it got is refused`, async () => {
          const child = service.with(await issued());
          await child.get("/api/users").expect(200);
          await end();
          await child.get("/api/users").expect(401);
          expect((await ask({ grant_type: grant, ...credentials() }).expect(401)).body.error).to.equal(
            "invalid_client",
          );
        });
      }

      it("is used from nowhere else than the client", async () => {
        const child = service.with(await issued());
        await admin
          .patch(`/api/tokens/${client.id}`)
          .send({ allowedIps: ["203.0.113.7"] })
          .expect(200);
        await child.get("/api/users").expect(403);
      });
    });

    it("removes, with each that is made, some that ended more than a day ago", async () => {
      const [old] = [await issued(), await issued()];
      expect(old).to.be.a("string");
      const from = (await admin.get("/api/tokens?origin=oauth&limit=100")).body.data.filter(
        ({ parentId }: { parentId: string }) => parentId === client.id,
      );
      await service.store.transaction(async (change) => {
        const { tokens } = await import("../../src/store/collections.ts");
        const open = change.for(service.organizationId).open(tokens);
        const record = await open.get(from[0].id);
        if (record) await open.replace({ ...record, version: record.version + 1, expiresAt: longAgo }, record.version);
      });
      await issued();
      await admin.get(`/api/tokens/${from[0].id}`).expect(404);
      await admin.get(`/api/tokens/${from[1].id}`).expect(200);
    });

    describe("refuses (section 5.2)", () => {
      const refusals: Readonly<Record<string, readonly [string, () => ReturnType<typeof ask>]>> = {
        "no grant_type": ["invalid_request", () => ask(credentials())],
        "another grant_type": ["unsupported_grant_type", () => ask({ grant_type: "password", ...credentials() })],
        "a parameter twice": [
          "invalid_request",
          () => ask(`grant_type=${grant}&grant_type=${grant}&client_id=${client.id}&client_secret=${client.secret}`),
        ],
        "the secret in two places": [
          "invalid_request",
          () => ask({ grant_type: grant, ...credentials() }, [client.id, client.secret]),
        ],
        "two ids": [
          "invalid_request",
          () => ask({ grant_type: grant, client_id: "tok_other" }, [client.id, client.secret]),
        ],
        "a body that is no form": [
          "invalid_request",
          () =>
            service
              .with()
              .post("/oauth/token")
              .send({ grant_type: grant, ...credentials() }),
        ],
        "a query": [
          "invalid_request",
          () =>
            service
              .with()
              .post(`/oauth/token?grant_type=${grant}`)
              .type("form")
              .send({ grant_type: grant, ...credentials() }),
        ],
        "an unknown scope": ["invalid_scope", () => ask({ grant_type: grant, ...credentials(), scope: "root" })],
        "a scope that the client does not have": [
          "invalid_scope",
          () => ask({ grant_type: grant, ...credentials(), scope: "admin:read all" }),
        ],
        "prototype keys": ["invalid_request", () => ask(`__proto__=x&constructor=y&client_secret=${client.secret}`)],
      };
      for (const [what, [error, send]] of Object.entries(refusals)) {
        it(`${what}: 400 ${error}`, async () => {
          const { body, headers } = await send().expect(400);
          expect(body.error).to.equal(error);
          expect(body.error_description).to.be.a("string");
          expect(headers["cache-control"]).to.equal("no-store");
        });
      }

      it("a client that is none: 401 invalid_client, alike for every cause", async () => {
        const other = await service.issue({ scopes: ["admin:read"] });
        const told = new Set<string>();
        for (const send of [
          () => ask({ grant_type: grant }),
          () => ask({ grant_type: grant }, [client.id, "wxt_wrong"]),
          () => ask({ grant_type: grant }, [other.id, client.secret]),
          () => ask({ grant_type: grant, client_id: client.id, client_secret: other.secret }),
          () => ask({ grant_type: grant, client_id: client.id }),
          () => service.with(client.secret).post("/oauth/token").type("form").send({ grant_type: grant }),
        ]) {
          const { body, headers } = await send().expect(401);
          expect(headers["www-authenticate"]).to.equal('Basic realm="gatehouse"');
          told.add(JSON.stringify(body));
        }
        expect([...told]).to.deep.equal(['{"error":"invalid_client","error_description":"The client is not known."}']);
      });

      it("an access token as a client: nothing lives on by a chain", async () => {
        const secret = await issued();
        const { body } = await service.with(secret).get("/api/whoami").expect(200);
        const answer = await ask({ grant_type: grant, client_id: body.token.id, client_secret: secret }).expect(400);
        expect(answer.body.error).to.equal("unauthorized_client");
      });

      it("whatever stands in Authorization, with 400 or 401 and nothing worse", async () => {
        await fc.assert(
          fc.asyncProperty(
            fc.string({ unit: "binary-ascii", maxLength: 60 }),
            fc.boolean(),
            async (text, isEncoded) => {
              const value = isEncoded ? Buffer.from(text).toString("base64") : text.replaceAll(/[^\x20-\x7e]/g, "");
              const { status } = await service
                .with()
                .post("/oauth/token")
                .type("form")
                .set("Authorization", `Basic ${value}`)
                .send({ grant_type: grant });
              expect(status).to.be.oneOf([400, 401]);
            },
          ),
          { numRuns: 50 },
        );
      });

      it("a form without end, and other methods", async () => {
        expect((await ask({ grant_type: grant, client_secret: "x".repeat(20_000) })).status).to.equal(413);
        expect((await service.with().get("/oauth/token").expect(405)).headers["allow"]).to.equal("POST");
      });
    });

    it("is told by no discovery document, which would make some clients drop the token they have", async () => {
      for (const name of ["oauth-authorization-server", "oauth-protected-resource", "openid-configuration"]) {
        await service.with().get(`/.well-known/${name}`).expect(404);
      }
    });

    it("leaves nothing of a refused form in the request log", async () => {
      const secret = `wxt_${"s".repeat(39)}`;
      await ask({ grant_type: grant, client_id: client.id, client_secret: secret }).expect(401);
      expect(service.log()).to.not.contain(secret);
    });
  });
}

const longAgo = new Date(Date.now() - 2 * 86_400_000).toISOString();
