import { expect } from "chai";
import fc from "fast-check";
import { type Scope, scope as scopes } from "../../../schemas/token.ts";
import { describeOnEngines } from "../../store/engines.fixture.ts";
import { trackSecret } from "../../support/secrets.ts";
import { type Agent, type Service, startService } from "../../support/service.ts";
import { errorPointers } from "./pointers.fixture.ts";
import { createTokenWith } from "./tokens.fixture.ts";

/** Creating, changing or revoking a token never grants privileges beyond those of the caller. */
describeOnEngines("Privileges of token management", (open) => {
  let service: Service;
  let admin: Agent;
  before(async () => {
    service = await startService({ open });
    admin = await service.clientWithScopes(["all"]);
  });
  after(() => service.dispose());

  const make = createTokenWith(() => admin);
  const show = async (id: string) => (await admin.get(`/api/tokens/${id}`).expect(200)).body;

  describe("no privilege escalation", () => {
    const included: Readonly<Record<Scope, readonly Scope[]>> = {
      all: scopes.options,
      "admin:write": ["admin:write", "admin:read", "admin:scim"],
      "admin:read": ["admin:read"],
      "admin:scim": ["admin:scim"],
      "admin:tokens": ["admin:tokens"],
      "connect:write": ["connect:write", "connect:read", "connect:call", "connect:exchange-auth"],
      "connect:read": ["connect:read"],
      "connect:call": ["connect:call"],
      "connect:exchange-auth": ["connect:exchange-auth"],
    };
    const opened = (list: readonly Scope[]): Set<Scope> => new Set(list.flatMap((each) => included[each]));
    /** Address ranges, each contained in the next. */
    const lists = [undefined, ["127.0.0.0/8"], ["127.0.0.1"], ["127.0.0.1", "10.0.0.0/8"]] as const;
    const fits = (requestId: readonly string[] | undefined, own: readonly string[] | undefined): boolean =>
      !own ||
      (requestId?.every((each) => own.includes(each) || (each === "127.0.0.1" && own.includes("127.0.0.0/8"))) ??
        false);
    const days = fc.constantFrom(null, 10, 20, 30);
    const terms = fc.record({
      scopes: fc.uniqueArray(fc.constantFrom(...scopes.options), { minLength: 1, maxLength: 4 }),
      days,
      allowedIps: fc.constantFrom(...lists),
    });
    const bodyOf = ({
      scopes: requestId,
      days: ends,
      allowedIps,
    }: typeof terms extends fc.Arbitrary<infer T> ? T : never) => ({
      ...{ type: "admin", scopes: requestId, ...(allowedIps && { allowedIps }) },
      ...(ends === null ? { expiresAt: null } : { expiresInDays: ends }),
    });

    it("a created token has no scope, expiry or address beyond those of its creator", async () => {
      await fc.assert(
        fc.asyncProperty(terms, terms, async (own, wanted) => {
          const maker = await make(bodyOf({ ...own, scopes: [...new Set<Scope>([...own.scopes, "admin:tokens"])] }));
          const mine = opened([...own.scopes, "admin:tokens"]);
          const isWithin =
            [...opened(wanted.scopes)].every((each) => mine.has(each)) &&
            (own.days === null || (wanted.days !== null && wanted.days < own.days)) &&
            fits(wanted.allowedIps, own.allowedIps);
          // The same number of days from now is a few milliseconds later than the creator's expiry.
          const isLater = own.days !== null && wanted.days === own.days;
          const response = await service
            .clientWithSecret(maker.secret)
            .post("/api/tokens")
            .send({ name: "w", ...bodyOf(wanted) });
          expect(response.status, response.text).to.equal(isWithin && !isLater ? 201 : 403);
          if (response.status === 201) trackSecret(response.body.token);
        }),
        { numRuns: 40 },
      );
    });

    it("enabling and rotating are limited to one's own privileges; restricting is not", async () => {
      const manager = service.clientWithSecret((await make({ scopes: ["admin:tokens"] })).secret);
      const strong = await make({ scopes: ["admin:write"] });
      expect((await manager.post(`/api/tokens/${strong.id}/rotate`).expect(403)).body.type).to.match(/:forbidden$/);
      await manager.patch(`/api/tokens/${strong.id}`).send({ enabled: false }).expect(200);
      await manager.patch(`/api/tokens/${strong.id}`).send({ enabled: true }).expect(403);
      await manager
        .patch(`/api/tokens/${strong.id}`)
        .send({ scopes: ["admin:read"] })
        .expect(200);
      await manager.delete(`/api/tokens/${strong.id}`).expect(204);
    });

    it("scopes cannot be added, and immutable fields are rejected by name", async () => {
      const { id } = await make({ scopes: ["admin:read"] });
      const patch = (body: object) => admin.patch(`/api/tokens/${id}`).send(body);
      expect(errorPointers(await patch({ scopes: ["admin:read", "admin:scim"] }).expect(400))).to.deep.equal([
        "/scopes",
      ]);
      expect(errorPointers(await patch({ scopes: [] }).expect(400))).to.deep.equal(["/scopes"]);
      for (const field of ["type", "userId", "environment", "mcpServers", "maxRisk", "createdBy", "secrets"]) {
        expect(errorPointers(await patch({ [field]: "x" }).expect(400)), field).to.deep.equal([`/${field}`]);
      }
      expect((await show(id)).scopes).to.deep.equal(["admin:read"]);
    });
  });

  describe("a token with more access than the caller", () => {
    const changes: Readonly<Record<string, { stored: object; body: object }>> = {
      "gets no later expiry": { stored: { expiresInDays: 1 }, body: { expiresInDays: 2 } },
      "does not lose its expiry": { stored: { expiresInDays: 1 }, body: { expiresAt: null } },
      "does not lose its address list": { stored: { allowedIps: ["192.0.2.1"] }, body: { allowedIps: null } },
      "gets no other addresses": { stored: { allowedIps: ["192.0.2.1"] }, body: { allowedIps: ["127.0.0.1"] } },
      "gets no more addresses": { stored: { allowedIps: ["192.0.2.1"] }, body: { allowedIps: ["192.0.2.0/24"] } },
    };
    for (const [promise, { stored, body }] of Object.entries(changes)) {
      it(`${promise}, whether it is enabled or not, and also while it is being disabled`, async () => {
        const { id } = await make({ scopes: ["all"], ...stored });
        const weak = await service.clientWithScopes(["admin:tokens"]);
        const patch = (change: object) => weak.patch(`/api/tokens/${id}`).send(change);
        await patch(body).expect(403);
        await patch({ ...body, enabled: false }).expect(403);
        await patch({ enabled: false }).expect(200);
        const before = await show(id);
        await patch(body).expect(403);
        await weak.post(`/api/tokens/${id}/rotate`).expect(403);
        await patch({ enabled: true }).expect(403);
        expect(await show(id)).to.deep.equal(before);
      });
    }

    it("can be restricted further while it is being disabled", async () => {
      const { id } = await make({ scopes: ["all"] });
      const weak = await service.clientWithScopes(["admin:tokens"]);
      await weak
        .patch(`/api/tokens/${id}`)
        .send({ enabled: false, expiresInDays: 1, allowedIps: ["192.0.2.1"] })
        .expect(200);
    });
  });

  describe("the last token with full access", () => {
    it("cannot be revoked, disabled or narrowed without force=true", async () => {
      const organization = await service.createOrganization("last");
      const { id, secret } = await service.issueToken({ scopes: ["all"] }, organization);
      const last = service.clientWithSecret(secret);
      for (const rejected of [
        await last.delete(`/api/tokens/${id}`),
        await last.patch(`/api/tokens/${id}`).send({ enabled: false }),
        await last.patch(`/api/tokens/${id}`).send({ scopes: ["admin:tokens"] }),
      ]) {
        expect([rejected.status, rejected.body.type]).to.deep.equal([409, "urn:gatehouse:problem:last-all-token"]);
      }
      await last.patch(`/api/tokens/${id}`).send({ description: "the last" }).expect(200);
      await last.delete(`/api/tokens/${id}?force=true`).expect(204);
      await last.get("/api/whoami").expect(401);
    });

    it("does not count the tokens that depend on it", async () => {
      const organization = await service.createOrganization("children");
      const { id, secret } = await service.issueToken({ scopes: ["all"] }, organization);
      await service.issueToken({ scopes: ["all"], parentId: id }, organization);
      const last = service.clientWithSecret(secret);
      await last.delete(`/api/tokens/${id}`).expect(409);
      await last.patch(`/api/tokens/${id}`).send({ enabled: false }).expect(409);
    });

    it("gets an expiry or an address list with force=true only", async () => {
      const organization = await service.createOrganization("lasting");
      const { id, secret } = await service.issueToken({ scopes: ["all"] }, organization);
      const last = service.clientWithSecret(secret);
      const patch = (body: object, query = {}) => last.patch(`/api/tokens/${id}`).query(query).send(body);
      for (const body of [{ expiresInDays: 1 }, { allowedIps: ["127.0.0.1"] }]) {
        expect((await patch(body).expect(409)).body.type).to.equal("urn:gatehouse:problem:last-all-token");
      }
      // One that expires or works from some addresses only is no replacement for one that does not.
      for (const limited of [{ expiresAt: new Date(Date.now() + 600_000) }, { allowedIps: ["192.0.2.1"] }]) {
        await service.issueToken({ scopes: ["all"], ...limited }, organization);
      }
      await patch({ expiresInDays: 1 }).expect(409);
      await last.delete(`/api/tokens/${id}`).expect(409);
      await patch({ expiresInDays: 1, allowedIps: ["127.0.0.1"] }, { force: true }).expect(200);
      await patch({ description: "limited" }).expect(200);
    });

    it("remains when two of them revoke each other concurrently", async () => {
      for (let round = 0; round < 10; round++) {
        const organization = await service.createOrganization(`duel-${round}`);
        const two = await Promise.all([1, 2].map(() => service.issueToken({ scopes: ["all"] }, organization)));
        const responses = await Promise.all(
          two.map(({ secret }, at) => service.clientWithSecret(secret).delete(`/api/tokens/${two[1 - at]?.id}`)),
        );
        const alive = await Promise.all(two.map(({ secret }) => service.clientWithSecret(secret).get("/api/whoami")));
        expect(
          alive.filter(({ status }) => status === 200),
          responses.map(({ text }) => text).join(),
        ).to.have.length(1);
      }
    });
  });
});
