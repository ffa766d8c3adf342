import { expect } from "chai";
import type { ExchangedTokens } from "../../../schemas/auth-exchange.ts";
import { operator } from "../../../src/domain/audit/record.ts";
import { engines } from "../../store/engines.ts";
import { type IdentityProvider, startIdentityProvider } from "../../support/identity-provider.ts";
import { refusalOf } from "../opened.ts";
import { type OpenedExchanges, openExchanges } from "./exchange-opened.ts";

for (const { name: engine, open } of engines) {
  describe(`Exchanged tokens on ${engine}`, () => {
    let provider: IdentityProvider;
    let domain: OpenedExchanges;
    before(async () => {
      provider = await startIdentityProvider();
    });
    after(() => provider.close());
    beforeEach(async () => {
      domain = await openExchanges(open, provider);
    });
    afterEach(() => domain.dispose());

    describe("the access token", () => {
      const parents: Readonly<Record<string, () => Promise<unknown>>> = {
        revoked: () => domain.tokens.revoke(domain.organizationId, operator, domain.gateway.actor.id ?? ""),
        disabled: () => domain.alter(domain.gateway.actor.id ?? "", { enabled: false }),
        expired: () =>
          domain.alter(domain.gateway.actor.id ?? "", { expiresAt: new Date(Date.now() - 1).toISOString() }),
      };
      for (const [what, end] of Object.entries(parents)) {
        it(`is dead at once when the exchanging token is ${what}`, async () => {
          const { access_token } = await domain.exchange();
          await end();
          await refusalOf(domain.verify(access_token), "invalid-token");
          expect(await domain.causes()).to.deep.equal(["parent-inactive"]);
        });
      }

      it("lives again with an exchanging token that is switched on again", async () => {
        const { access_token } = await domain.exchange();
        await domain.alter(domain.gateway.actor.id ?? "", { enabled: false });
        await domain.alter(domain.gateway.actor.id ?? "", { enabled: true });
        expect(await domain.opens(access_token)).to.equal(true);
      });

      it("is no refresh token, and a refresh token is none", async () => {
        const { access_token, refresh_token } = await domain.exchange();
        expect(refresh_token).to.match(/^wxtr_[0-9A-Za-z]{39}$/);
        await refusalOf(domain.verify(refresh_token), "invalid-token");
        await refusalOf(domain.refresh(access_token), "invalid-token");
      });
    });

    describe("many exchanges of one user", () => {
      it("leave twenty families alive: the oldest end first", async () => {
        const made: ExchangedTokens[] = [];
        for (let count = 0; count < 22; count++) made.push(await domain.exchange());
        const alive = await Promise.all(made.map(({ access_token }) => domain.opens(access_token)));
        expect(alive).to.deep.equal(made.map((_, at) => at >= 2));
        expect(await domain.audit("token.revoke")).to.have.length(2);
        await refusalOf(domain.refresh(made[0]?.refresh_token ?? ""), "invalid-token");
      });

      it("leave twenty as well when they come at the same time", async () => {
        const made = await Promise.all(Array.from({ length: 30 }, () => domain.exchange()));
        const alive = await Promise.all(made.map(({ access_token }) => domain.opens(access_token)));
        expect(alive.filter(Boolean)).to.have.length(20);
      });

      it("leave no more than twenty records of what has ended, of families and of tokens", async () => {
        for (let count = 0; count < 21; count++) await domain.exchange();
        await domain.alterFamilies({ refreshExpiresAt: new Date(Date.now() - 1).toISOString() });
        await domain.exchange();
        expect(await domain.families()).to.have.length(21);
        const { items } = await domain.tokens.list(domain.organizationId, { limit: 100 });
        expect(items.filter(({ userId }) => userId === domain.ada)).to.have.length(21);
        expect(await domain.audit("token.remove")).to.have.length(1);
      });
    });
  });
}
