import { expect } from "chai";
import type { RenewedTokens } from "../../../schemas/auth-exchange.ts";
import { operator } from "../../../src/domain/audit/record.ts";
import { expandScopes } from "../../../src/domain/tokens/scopes.ts";
import { engines } from "../../store/engines.ts";
import { type IdentityProvider, startIdentityProvider } from "../../support/identity-provider.ts";
import { refusalOf } from "../opened.ts";
import { everythingIn, type OpenedExchanges, openExchanges } from "./exchange-opened.ts";

const notValid = "The refresh token is not valid.";

for (const { name: engine, open } of engines) {
  describe(`Refresh of an exchanged token on ${engine}`, () => {
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

    it("gives a new access token in the place of the one before, and the next refresh token", async () => {
      const first = await domain.exchange();
      const { id } = await domain.tokenOf(first.access_token);
      const second = await domain.refresh(first.refresh_token);
      expect(second).to.deep.include({ token_type: "Bearer", user: first.user });
      expect((await domain.tokenOf(second.access_token)).id).to.equal(id);
      expect(await domain.opens(first.access_token)).to.equal(false);
      const third = await domain.refresh(second.refresh_token);
      expect((await domain.tokenOf(third.access_token)).id).to.equal(id);
      expect(await domain.audit("token.renew")).to.have.length(2);
      expect(await domain.families()).to.have.length(1);
    });

    it("gives one after the access token has expired", async () => {
      const first = await domain.exchange();
      await domain.alter((await domain.tokenOf(first.access_token)).id, {
        expiresAt: new Date(Date.now() - 1).toISOString(),
      });
      expect(await domain.opens(first.access_token)).to.equal(false);
      expect(await domain.opens((await domain.refresh(first.refresh_token)).access_token)).to.equal(true);
    });

    it("gives no more than the exchanging token may by now", async () => {
      const writer = await domain.exchanger({ scopes: ["connect:write"] });
      const { refresh_token } = await domain.exchange({}, writer);
      const weaker = { ...writer, scopes: expandScopes(["connect:exchange-auth"]) };
      const { access_token } = await domain.refresh(refresh_token, weaker);
      expect((await domain.tokenOf(access_token)).scopes).to.deep.equal(["connect:read"]);
    });

    it("gives no more than the exchange gave, whatever the exchanging token may by now", async () => {
      const { refresh_token } = await domain.exchange();
      const stronger = { ...domain.gateway, scopes: expandScopes(["connect:write"]) };
      expect((await domain.tokenOf((await domain.refresh(refresh_token, stronger)).access_token)).type).to.equal("mcp");
    });

    it("ends with the family, however often it is refreshed", async () => {
      let { refresh_token } = await domain.exchange();
      const expiresAt = new Date(Date.now() + 60_000).toISOString();
      await domain.alterFamilies({ expiresAt });
      for (let count = 0; count < 3; count++) {
        const answer = await domain.refresh(refresh_token);
        expect([answer.expires_at, answer.refresh_expires_at]).to.deep.equal([expiresAt, expiresAt]);
        refresh_token = answer.refresh_token;
      }
    });

    it("goes on when a pepper is added, and when the exchanging token gets another secret", async () => {
      const { refresh_token } = await domain.exchange();
      await domain.alter(domain.gateway.actor.id ?? "", { secrets: [] });
      domain.under({ pepper: "a pepper of some length" });
      const next = await domain.refresh(refresh_token);
      expect((await domain.families())[0]?.refreshHash).to.match(/^hs256:/);
      await domain.refresh(next.refresh_token);
    });

    describe("is refused, alike for every cause,", () => {
      type Case = { readonly cause: string; readonly make: () => Promise<string> };
      const cases: Readonly<Record<string, Case>> = {
        "for what is no refresh token": { cause: "refresh-unknown", make: async () => "junk" },
        "for an access token": {
          cause: "refresh-unknown",
          make: async () => (await domain.exchange()).access_token,
        },
        "for one that was never given out": {
          cause: "refresh-unknown",
          make: async () => {
            const { refresh_token } = await domain.exchange();
            await domain.forgetFamilies();
            return refresh_token;
          },
        },
        "after a day without use": {
          cause: "refresh-expired",
          make: async () => {
            const { refresh_token } = await domain.exchange();
            await domain.alterFamilies({ refreshExpiresAt: new Date(Date.now() - 1).toISOString() });
            return refresh_token;
          },
        },
        "after the user was deactivated, and brought back": {
          cause: "refresh-closed",
          make: async () => {
            const { refresh_token } = await domain.exchange();
            for (const active of [false, true]) {
              await domain.users.update(everythingIn(domain.organizationId), domain.ada, undefined, (current) => ({
                ...current,
                userName: "ada@example.com",
                active,
              }));
            }
            return refresh_token;
          },
        },
        "after the user was deleted": {
          cause: "refresh-unknown",
          make: async () => {
            const { refresh_token } = await domain.exchange();
            await domain.users.remove(everythingIn(domain.organizationId), domain.ada, undefined);
            return refresh_token;
          },
        },
        "after the access token was revoked": {
          cause: "refresh-closed",
          make: async () => {
            const { refresh_token, access_token } = await domain.exchange();
            await domain.tokens.revoke(domain.organizationId, operator, (await domain.tokenOf(access_token)).id);
            return refresh_token;
          },
        },
      };
      for (const [what, { cause, make }] of Object.entries(cases)) {
        it(what, async () => {
          const refreshToken = await make();
          const { message, details } = await refusalOf(domain.refresh(refreshToken), "invalid-token");
          expect({ message, details }).to.deep.equal({ message: notValid, details: {} });
          expect(await domain.causes()).to.include(cause);
          await refusalOf(domain.refresh(refreshToken), "invalid-token");
        });
      }

      it("to another token of the organisation, which ends nothing by it", async () => {
        const { refresh_token } = await domain.exchange();
        const { message } = await refusalOf(domain.refresh(refresh_token, await domain.exchanger()), "invalid-token");
        expect(message).to.equal(notValid);
        expect(await domain.causes()).to.deep.equal(["refresh-foreign"]);
        await domain.refresh(refresh_token);
      });

      it("to another organisation, whose own audit log has it, and which ends nothing by it", async () => {
        const { refresh_token } = await domain.exchange();
        const stranger = await domain.exchanger({}, domain.otherId);
        const { message } = await refusalOf(domain.refresh(refresh_token, stranger), "invalid-token");
        expect(message).to.equal(notValid);
        expect(await domain.causes(domain.otherId)).to.deep.equal(["refresh-foreign"]);
        expect(await domain.causes()).to.deep.equal([]);
        await domain.refresh(refresh_token);
      });

      it("while the access token is switched off, and only so long", async () => {
        const { refresh_token, access_token } = await domain.exchange();
        const { id } = await domain.tokenOf(access_token);
        await domain.alter(id, { enabled: false });
        await refusalOf(domain.refresh(refresh_token), "invalid-token");
        await domain.alter(id, { enabled: true });
        await domain.refresh(refresh_token);
      });

      it("with an exchanging token that was revoked in the meantime", async () => {
        const { refresh_token } = await domain.exchange();
        await domain.tokens.revoke(domain.organizationId, operator, domain.gateway.actor.id ?? "");
        await refusalOf(domain.refresh(refresh_token), "invalid-token");
      });
    });

    describe("of a token that was spent", () => {
      it("ends the whole family: the newest access token and the newest refresh token too", async () => {
        const first = await domain.exchange();
        let newest: RenewedTokens = first;
        for (let count = 0; count < 5; count++) newest = await domain.refresh(newest.refresh_token);
        const { id } = await domain.tokenOf(newest.access_token);
        await refusalOf(domain.refresh(first.refresh_token), "invalid-token");
        expect(await domain.opens(newest.access_token)).to.equal(false);
        await refusalOf(domain.refresh(newest.refresh_token), "invalid-token");
        expect((await domain.stored(id))?.revokedAt).to.be.a("string");
        const events = await domain.audit("exchange.refresh_reused");
        expect(events.map(({ target, details }) => ({ target, details }))).to.deep.equal([
          { target: { type: "token", id }, details: { userId: domain.ada } },
        ]);
        expect(await domain.causes()).to.include.members(["refresh-reused", "refresh-closed"]);
      });

      it("ends no other family of the user", async () => {
        const [stolen, other] = [await domain.exchange(), await domain.exchange()];
        await domain.refresh(stolen.refresh_token);
        await refusalOf(domain.refresh(stolen.refresh_token), "invalid-token");
        expect(await domain.opens(other.access_token)).to.equal(true);
        await domain.refresh(other.refresh_token);
      });

      it("of fifty at the same time one is answered, and all that the family had is ended", async () => {
        const { refresh_token } = await domain.exchange();
        const answers = await Promise.allSettled(Array.from({ length: 50 }, () => domain.refresh(refresh_token)));
        const winners = answers.flatMap((answer) => (answer.status === "fulfilled" ? [answer.value] : []));
        expect(winners).to.have.length(1);
        for (const { access_token, refresh_token: next } of winners) {
          expect(await domain.opens(access_token)).to.equal(false);
          await refusalOf(domain.refresh(next), "invalid-token");
        }
        expect(await domain.audit("exchange.refresh_reused")).to.have.length(1);
        expect(await domain.audit("token.revoke")).to.have.length(1);
      });
    });
  });
}
