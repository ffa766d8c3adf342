import { expect } from "chai";
import type { RenewedTokens } from "../../../../schemas/auth-exchange.ts";
import { operatorActor } from "../../../../src/domain/audit/record.ts";
import { expandScopes } from "../../../../src/domain/tokens/scopes.ts";
import { describeOnEngines } from "../../../store/engines.fixture.ts";
import { type IdentityProvider, startIdentityProvider } from "../../../support/identity-provider.ts";
import { expectRejection } from "../../domain.fixture.ts";
import { type ExchangeTestContext, fullAccessCaller, openExchangeContext } from "./exchange.fixture.ts";

const invalidMessage = "The refresh token is not valid.";

describeOnEngines("TokenExchanges.refresh", (open) => {
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

  it("replaces the secret of the access token and returns the next refresh token", async () => {
    const first = await domain.exchange();
    const { id } = await domain.readTokenBySecret(first.access_token);
    const second = await domain.refresh(first.refresh_token);
    expect(second).to.deep.include({ token_type: "Bearer", user: first.user });
    expect((await domain.readTokenBySecret(second.access_token)).id).to.equal(id);
    expect(await domain.isValid(first.access_token)).to.equal(false);
    const third = await domain.refresh(second.refresh_token);
    expect((await domain.readTokenBySecret(third.access_token)).id).to.equal(id);
    expect(await domain.listAuditEvents("token.renew")).to.have.length(2);
    expect(await domain.listFamilies()).to.have.length(1);
  });

  it("renews an expired access token", async () => {
    const first = await domain.exchange();
    await domain.patchToken((await domain.readTokenBySecret(first.access_token)).id, {
      expiresAt: new Date(Date.now() - 1).toISOString(),
    });
    expect(await domain.isValid(first.access_token)).to.equal(false);
    expect(await domain.isValid((await domain.refresh(first.refresh_token)).access_token)).to.equal(true);
  });

  it("grants no more than the exchanging token currently has", async () => {
    const writer = await domain.createExchanger({ scopes: ["connect:write"] });
    const { refresh_token } = await domain.exchange({}, writer);
    const weaker = { ...writer, scopes: expandScopes(["connect:exchange-auth"]) };
    const { access_token } = await domain.refresh(refresh_token, weaker);
    expect((await domain.readTokenBySecret(access_token)).scopes).to.deep.equal(["connect:read"]);
  });

  it("grants no more than the exchange did, even if the exchanging token has more by now", async () => {
    const { refresh_token } = await domain.exchange();
    const stronger = { ...domain.gateway, scopes: expandScopes(["connect:write"]) };
    expect(
      (await domain.readTokenBySecret((await domain.refresh(refresh_token, stronger)).access_token)).type,
    ).to.equal("mcp");
  });

  it("never extends the expiry of the family", async () => {
    let { refresh_token } = await domain.exchange();
    const expiresAt = new Date(Date.now() + 60_000).toISOString();
    await domain.patchFamilies({ expiresAt });
    for (let count = 0; count < 3; count++) {
      const response = await domain.refresh(refresh_token);
      expect([response.expires_at, response.refresh_expires_at]).to.deep.equal([expiresAt, expiresAt]);
      refresh_token = response.refresh_token;
    }
  });

  it("still works after a pepper is set and after the exchanging token is rotated", async () => {
    const { refresh_token } = await domain.exchange();
    await domain.patchToken(domain.gateway.actor.id ?? "", { secrets: [] });
    domain.usePolicy({ pepper: "a pepper of some length" });
    const next = await domain.refresh(refresh_token);
    expect((await domain.listFamilies())[0]?.refreshHash).to.match(/^hs256:/);
    await domain.refresh(next.refresh_token);
  });

  describe("rejections", () => {
    type Case = { readonly cause: string; readonly prepare: () => Promise<string> };
    const cases: Readonly<Record<string, Case>> = {
      "a malformed refresh token": { cause: "refresh-unknown", prepare: async () => "junk" },
      "an access token": {
        cause: "refresh-unknown",
        prepare: async () => (await domain.exchange()).access_token,
      },
      "a refresh token without a family": {
        cause: "refresh-unknown",
        prepare: async () => {
          const { refresh_token } = await domain.exchange();
          await domain.deleteFamilies();
          return refresh_token;
        },
      },
      "a refresh token that was not used for a day": {
        cause: "refresh-expired",
        prepare: async () => {
          const { refresh_token } = await domain.exchange();
          await domain.patchFamilies({ refreshExpiresAt: new Date(Date.now() - 1).toISOString() });
          return refresh_token;
        },
      },
      "a refresh token of a user who was deactivated and activated again": {
        cause: "refresh-closed",
        prepare: async () => {
          const { refresh_token } = await domain.exchange();
          for (const active of [false, true]) {
            await domain.users.update(fullAccessCaller(domain.organizationId), domain.ada, undefined, (current) => ({
              ...current,
              userName: "ada@example.com",
              active,
            }));
          }
          return refresh_token;
        },
      },
      "a refresh token of a deleted user": {
        cause: "refresh-unknown",
        prepare: async () => {
          const { refresh_token } = await domain.exchange();
          await domain.users.remove(fullAccessCaller(domain.organizationId), domain.ada, undefined);
          return refresh_token;
        },
      },
      "a refresh token of a revoked access token": {
        cause: "refresh-closed",
        prepare: async () => {
          const { refresh_token, access_token } = await domain.exchange();
          await domain.tokens.revoke(
            domain.organizationId,
            operatorActor,
            (await domain.readTokenBySecret(access_token)).id,
          );
          return refresh_token;
        },
      },
    };
    for (const [description, { cause, prepare }] of Object.entries(cases)) {
      it(`rejects ${description} with the same error as every other`, async () => {
        const refreshToken = await prepare();
        const { message, details } = await expectRejection(domain.refresh(refreshToken), "invalid-token");
        expect({ message, details }).to.deep.equal({ message: invalidMessage, details: {} });
        expect(await domain.listRejectionCauses()).to.include(cause);
        await expectRejection(domain.refresh(refreshToken), "invalid-token");
      });
    }

    it("rejects another token of the organization and keeps the family open", async () => {
      const { refresh_token } = await domain.exchange();
      const { message } = await expectRejection(
        domain.refresh(refresh_token, await domain.createExchanger()),
        "invalid-token",
      );
      expect(message).to.equal(invalidMessage);
      expect(await domain.listRejectionCauses()).to.deep.equal(["refresh-foreign"]);
      await domain.refresh(refresh_token);
    });

    it("rejects another organization, records it in that organization's audit log, and keeps the family open", async () => {
      const { refresh_token } = await domain.exchange();
      const stranger = await domain.createExchanger({}, domain.otherId);
      const { message } = await expectRejection(domain.refresh(refresh_token, stranger), "invalid-token");
      expect(message).to.equal(invalidMessage);
      expect(await domain.listRejectionCauses(domain.otherId)).to.deep.equal(["refresh-foreign"]);
      expect(await domain.listRejectionCauses()).to.deep.equal([]);
      await domain.refresh(refresh_token);
    });

    it("rejects a refresh while the access token is disabled", async () => {
      const { refresh_token, access_token } = await domain.exchange();
      const { id } = await domain.readTokenBySecret(access_token);
      await domain.patchToken(id, { enabled: false });
      await expectRejection(domain.refresh(refresh_token), "invalid-token");
      await domain.patchToken(id, { enabled: true });
      await domain.refresh(refresh_token);
    });

    it("rejects a caller whose token was revoked in the meantime", async () => {
      const { refresh_token } = await domain.exchange();
      await domain.tokens.revoke(domain.organizationId, operatorActor, domain.gateway.actor.id ?? "");
      await expectRejection(domain.refresh(refresh_token), "invalid-token");
    });
  });

  describe("reuse of a refresh token", () => {
    it("closes the whole family, including the newest access token and refresh token", async () => {
      const first = await domain.exchange();
      let newest: RenewedTokens = first;
      for (let count = 0; count < 5; count++) newest = await domain.refresh(newest.refresh_token);
      const { id } = await domain.readTokenBySecret(newest.access_token);
      await expectRejection(domain.refresh(first.refresh_token), "invalid-token");
      expect(await domain.isValid(newest.access_token)).to.equal(false);
      await expectRejection(domain.refresh(newest.refresh_token), "invalid-token");
      expect((await domain.readStoredToken(id))?.revokedAt).to.be.a("string");
      const events = await domain.listAuditEvents("exchange.refresh_reused");
      expect(events.map(({ target, details }) => ({ target, details }))).to.deep.equal([
        { target: { type: "token", id }, details: { userId: domain.ada } },
      ]);
      expect(await domain.listRejectionCauses()).to.include.members(["refresh-reused", "refresh-closed"]);
    });

    it("closes no other family of the user", async () => {
      const [stolen, other] = [await domain.exchange(), await domain.exchange()];
      await domain.refresh(stolen.refresh_token);
      await expectRejection(domain.refresh(stolen.refresh_token), "invalid-token");
      expect(await domain.isValid(other.access_token)).to.equal(true);
      await domain.refresh(other.refresh_token);
    });

    it("lets one of fifty concurrent refreshes succeed and closes the family", async () => {
      const { refresh_token } = await domain.exchange();
      const results = await Promise.allSettled(Array.from({ length: 50 }, () => domain.refresh(refresh_token)));
      const winners = results.flatMap((result) => (result.status === "fulfilled" ? [result.value] : []));
      expect(winners).to.have.length(1);
      for (const { access_token, refresh_token: next } of winners) {
        expect(await domain.isValid(access_token)).to.equal(false);
        await expectRejection(domain.refresh(next), "invalid-token");
      }
      expect(await domain.listAuditEvents("exchange.refresh_reused")).to.have.length(1);
      expect(await domain.listAuditEvents("token.revoke")).to.have.length(1);
    });
  });
});
