import { expect } from "chai";
import fc from "fast-check";
import { type Scope, scope as scopes } from "../../../schemas/token.ts";
import { engines } from "../../store/engines.ts";
import { remember } from "../../support/secrets.ts";
import { type Agent, type Service, startService } from "../../support/service.ts";
import { pointers } from "./pointers.ts";
import { makeWith } from "./token-made.ts";

/** Nobody gets more by making, changing or ending a token than they had. */
for (const { name: engine, open } of engines) {
  describe(`Power over tokens on ${engine}`, () => {
    let service: Service;
    let admin: Agent;
    before(async () => {
      service = await startService({ open });
      admin = await service.as(["all"]);
    });
    after(() => service.dispose());

    const make = makeWith(() => admin);
    const show = async (id: string) => (await admin.get(`/api/tokens/${id}`).expect(200)).body;

    describe("no escalation", () => {
      const included: Readonly<Record<Scope, readonly Scope[]>> = {
        all: scopes.options,
        "admin:write": ["admin:write", "admin:read", "admin:scim"],
        "admin:read": ["admin:read"],
        "admin:scim": ["admin:scim"],
        "admin:tokens": ["admin:tokens"],
        "connect:write": ["connect:write", "connect:read", "connect:exchange-auth"],
        "connect:read": ["connect:read"],
        "connect:exchange-auth": ["connect:exchange-auth"],
      };
      const opened = (list: readonly Scope[]): Set<Scope> => new Set(list.flatMap((each) => included[each]));
      /** Addresses by what they hold, the smaller in the larger. */
      const lists = [undefined, ["127.0.0.0/8"], ["127.0.0.1"], ["127.0.0.1", "10.0.0.0/8"]] as const;
      const fits = (given: readonly string[] | undefined, own: readonly string[] | undefined): boolean =>
        !own ||
        (given?.every((each) => own.includes(each) || (each === "127.0.0.1" && own.includes("127.0.0.0/8"))) ?? false);
      const days = fc.constantFrom(null, 10, 20, 30);
      const terms = fc.record({
        scopes: fc.uniqueArray(fc.constantFrom(...scopes.options), { minLength: 1, maxLength: 4 }),
        days,
        allowedIps: fc.constantFrom(...lists),
      });
      const bodyOf = ({
        scopes: given,
        days: ends,
        allowedIps,
      }: typeof terms extends fc.Arbitrary<infer T> ? T : never) => ({
        ...{ type: "admin", scopes: given, ...(allowedIps && { allowedIps }) },
        ...(ends === null ? { expiresAt: null } : { expiresInDays: ends }),
      });

      it("whoever makes a token gives no scope, no day and no address beyond the own", async () => {
        await fc.assert(
          fc.asyncProperty(terms, terms, async (own, wanted) => {
            const maker = await make(bodyOf({ ...own, scopes: [...new Set<Scope>([...own.scopes, "admin:tokens"])] }));
            const mine = opened([...own.scopes, "admin:tokens"]);
            const isWithin =
              [...opened(wanted.scopes)].every((each) => mine.has(each)) &&
              (own.days === null || (wanted.days !== null && wanted.days < own.days)) &&
              fits(wanted.allowedIps, own.allowedIps);
            // In as many days as the maker, some milliseconds later, is later.
            const isLater = own.days !== null && wanted.days === own.days;
            const answer = await service
              .with(maker.secret)
              .post("/api/tokens")
              .send({ name: "w", ...bodyOf(wanted) });
            expect(answer.status, answer.text).to.equal(isWithin && !isLater ? 201 : 403);
            if (answer.status === 201) remember(answer.body.token);
          }),
          { numRuns: 40 },
        );
      });

      it("what is given back to use, or rotated, is within the own too; taking away is free", async () => {
        const manager = service.with((await make({ scopes: ["admin:tokens"] })).secret);
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

      it("scopes never grow, and what is fixed says so", async () => {
        const { id } = await make({ scopes: ["admin:read"] });
        const patch = (body: object) => admin.patch(`/api/tokens/${id}`).send(body);
        expect(pointers(await patch({ scopes: ["admin:read", "admin:scim"] }).expect(400))).to.deep.equal(["/scopes"]);
        expect(pointers(await patch({ scopes: [] }).expect(400))).to.deep.equal(["/scopes"]);
        for (const field of ["type", "userId", "environment", "mcpServers", "createdBy", "secrets", "revokedAt"]) {
          expect(pointers(await patch({ [field]: "x" }).expect(400)), field).to.deep.equal([`/${field}`]);
        }
        expect((await show(id)).scopes).to.deep.equal(["admin:read"]);
      });
    });

    describe("the last token that may do everything", () => {
      it("is neither revoked, nor disabled, nor narrowed, unless force=true says that somebody means it", async () => {
        const organization = await service.organization("last");
        const { id, secret } = await service.issue({ scopes: ["all"] }, organization);
        const last = service.with(secret);
        for (const refused of [
          await last.delete(`/api/tokens/${id}`),
          await last.patch(`/api/tokens/${id}`).send({ enabled: false }),
          await last.patch(`/api/tokens/${id}`).send({ scopes: ["admin:tokens"] }),
        ]) {
          expect([refused.status, refused.body.type]).to.deep.equal([409, "urn:gatehouse:problem:last-all-token"]);
        }
        await last.patch(`/api/tokens/${id}`).send({ description: "the last" }).expect(200);
        await last.delete(`/api/tokens/${id}?force=true`).expect(204);
        await last.get("/api/whoami").expect(401);
      });

      it("stays, of two that revoke each other at the same time", async () => {
        for (let round = 0; round < 10; round++) {
          const organization = await service.organization(`duel-${round}`);
          const two = await Promise.all([1, 2].map(() => service.issue({ scopes: ["all"] }, organization)));
          const answers = await Promise.all(
            two.map(({ secret }, at) => service.with(secret).delete(`/api/tokens/${two[1 - at]?.id}`)),
          );
          const alive = await Promise.all(two.map(({ secret }) => service.with(secret).get("/api/whoami")));
          expect(
            alive.filter(({ status }) => status === 200),
            answers.map(({ text }) => text).join(),
          ).to.have.length(1);
        }
      });
    });
  });
}
