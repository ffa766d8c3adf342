import { expect } from "chai";
import type { ExchangedTokens } from "../../../../schemas/auth-exchange.ts";
import { operatorActor } from "../../../../src/domain/audit/record.ts";
import { describeOnEngines } from "../../../store/engines.fixture.ts";
import { type IdentityProvider, startIdentityProvider } from "../../../support/identity-provider.ts";
import { expectRejection } from "../../domain.fixture.ts";
import { type ExchangeTestContext, openExchangeContext } from "./exchange.fixture.ts";

describeOnEngines("Exchanged tokens", (open) => {
  let provider: IdentityProvider;
  let domain: ExchangeTestContext;
  before(async () => {
    provider = await startIdentityProvider();
  });
  after(() => provider.close());
  beforeEach(async () => {
    domain = await openExchangeContext(open, provider);
  });
  afterEach(() => domain.dispose());

  describe("the access token", () => {
    const parents: Readonly<Record<string, () => Promise<unknown>>> = {
      revoked: () => domain.tokens.revoke(domain.organizationId, operatorActor, domain.gateway.actor.id ?? ""),
      disabled: () => domain.patchToken(domain.gateway.actor.id ?? "", { enabled: false }),
      expired: () =>
        domain.patchToken(domain.gateway.actor.id ?? "", { expiresAt: new Date(Date.now() - 1).toISOString() }),
    };
    for (const [status, end] of Object.entries(parents)) {
      it(`is invalid as soon as the exchanging token is ${status}`, async () => {
        const { access_token } = await domain.exchange();
        await end();
        await expectRejection(domain.verify(access_token), "invalid-token");
        expect(await domain.listRejectionCauses()).to.deep.equal(["parent-inactive"]);
      });
    }

    it("is valid again after the exchanging token is enabled again", async () => {
      const { access_token } = await domain.exchange();
      await domain.patchToken(domain.gateway.actor.id ?? "", { enabled: false });
      await domain.patchToken(domain.gateway.actor.id ?? "", { enabled: true });
      expect(await domain.isValid(access_token)).to.equal(true);
    });

    it("is not accepted as a refresh token, nor a refresh token as an access token", async () => {
      const { access_token, refresh_token } = await domain.exchange();
      expect(refresh_token).to.match(/^wxtr_[0-9A-Za-z]{39}$/);
      await expectRejection(domain.verify(refresh_token), "invalid-token");
      await expectRejection(domain.refresh(access_token), "invalid-token");
    });
  });

  describe("many exchanges of one user", () => {
    it("keep the newest twenty families active and close the oldest", async () => {
      const exchanged: ExchangedTokens[] = [];
      for (let count = 0; count < 22; count++) exchanged.push(await domain.exchange());
      const alive = await Promise.all(exchanged.map(({ access_token }) => domain.isValid(access_token)));
      expect(alive).to.deep.equal(exchanged.map((_, at) => at >= 2));
      expect(await domain.listAuditEvents("token.revoke")).to.have.length(2);
      await expectRejection(domain.refresh(exchanged[0]?.refresh_token ?? ""), "invalid-token");
    });

    it("keep twenty families active when they are concurrent", async () => {
      const exchanged = await Promise.all(Array.from({ length: 30 }, () => domain.exchange()));
      const alive = await Promise.all(exchanged.map(({ access_token }) => domain.isValid(access_token)));
      expect(alive.filter(Boolean)).to.have.length(20);
    });

    it("keep the records of at most twenty ended families and their tokens", async () => {
      for (let count = 0; count < 21; count++) await domain.exchange();
      await domain.patchFamilies({ refreshExpiresAt: new Date(Date.now() - 1).toISOString() });
      await domain.exchange();
      expect(await domain.listFamilies()).to.have.length(21);
      const { items } = await domain.tokens.list(domain.organizationId, { limit: 100 });
      expect(items.filter(({ userId }) => userId === domain.ada)).to.have.length(21);
      expect(await domain.listAuditEvents("token.remove")).to.have.length(1);
    });
  });
});
