import { expect } from "chai";
import type { Token } from "../../../../schemas/token.ts";
import { operatorActor } from "../../../../src/domain/audit/record.ts";
import { RejectedCredentials } from "../../../../src/domain/audit/rejections.ts";
import { CascadeDeletes } from "../../../../src/domain/cleanup/cascade-deletes.ts";
import { Users } from "../../../../src/domain/directory/users.ts";
import { hashSecret, mintSecret } from "../../../../src/domain/tokens/issue/format.ts";
import type { NewToken } from "../../../../src/domain/tokens/issue/new-token.ts";
import { expandScopes } from "../../../../src/domain/tokens/scopes.ts";
import { Tokens } from "../../../../src/domain/tokens/tokens.ts";
import { TokenUsage } from "../../../../src/domain/tokens/usage/usage.ts";
import type { TokenSettings } from "../../../../src/domain/tokens/verify/token-verifier.ts";
import { serviceTenant, tokens as tokenRecords, users as userRecords } from "../../../../src/store/collections.ts";
import { withSearchFields } from "../../../../src/store/normalized-fields.ts";
import { createVerifier, type DomainTestContext, expectRejection, openDomain } from "../../domain.fixture.ts";

const source = { ip: "192.0.2.7", requestId: "r-1" };
const authSecret = "an-on-premises-secret-of-40-characters!!";
const ago = (ms: number): string => new Date(Date.now() - ms).toISOString();
const ahead = (ms: number): string => ago(-ms);

describe("TokenVerifier", () => {
  let domain: DomainTestContext;
  let users: Users;
  let usage: TokenUsage;
  let rejections: RejectedCredentials;
  beforeEach(async () => {
    domain = await openDomain();
    users = new Users(domain.store, new CascadeDeletes(domain.store));
    usage = new TokenUsage(domain.store);
    rejections = new RejectedCredentials(domain.store);
  });
  afterEach(() => domain.dispose());

  const verifierOf = (settings: Partial<TokenSettings> = {}) =>
    createVerifier(domain.store, { prefix: "wxt", ...settings }, { usage, rejections });
  const verify = (secret: string, settings?: Partial<TokenSettings>) => verifierOf(settings).verify(secret, source);
  const issue = (input: Partial<NewToken> = {}, tokens = domain.tokens) =>
    tokens.create(domain.organizationId, operatorActor, { name: "ci", scopes: ["admin:write"], ...input });
  const issuePersonal = async () => {
    const caller = { ...operatorActor, organizationId: domain.organizationId, scopes: expandScopes(["all"]) };
    const { id: userId } = await users.create(caller, { userName: "ada" });
    return { userId, caller, ...(await issue({ userId, type: "agent", scopes: ["connect:read"] })) };
  };

  describe("a usable credential", () => {
    it("returns the caller with its organization, token, expanded scopes and request source", async () => {
      const { token, secret } = await issue();
      expect(await verify(secret)).to.deep.equal({
        ...source,
        organizationId: domain.organizationId,
        actor: { type: "token", id: token.id, name: "ci" },
        scopes: new Set(["admin:write", "admin:read", "admin:scim"]),
        token: { type: "admin", hash: token.secrets[0]?.hash },
      });
    });

    it("returns the user of a personal token", async () => {
      const { userId, secret } = await issuePersonal();
      expect(await verify(secret)).to.deep.include({ userId, scopes: new Set(["connect:read"]) });
    });

    it("grants full access if its record is older than scopes", async () => {
      const { token, secret } = await issue({ scopes: ["admin:read"] });
      const { scopes: _, ...older } = token;
      await domain.store.transaction((tx) =>
        tx
          .for(domain.organizationId)
          .open(tokenRecords)
          .replace(older as Token, "any"),
      );
      expect((await verify(secret)).scopes).to.deep.equal(expandScopes(["all"]));
    });

    it("can be hashed with the pepper, or without one from before it was set", async () => {
      const [pepper, pepperless] = ["a pepper of some length", await issue()];
      const peppered = await issue({}, new Tokens(domain.store, { prefix: "wxt", pepper }));
      expect(peppered.token.secrets[0]?.hash).to.match(/^hs256:/);
      for (const { token, secret } of [pepperless, peppered]) {
        expect((await verify(secret, { pepper })).actor.id).to.equal(token.id);
      }
      await expectRejection(verify(peppered.secret), "invalid-token");
      await expectRejection(verify(peppered.secret, { pepper: "another pepper of length" }), "invalid-token");
    });

    it("can be a previous secret within its grace period", async () => {
      const { token, secret } = await issue();
      const [old] = token.secrets;
      if (!old) throw new Error("the token has no secret");
      const next = mintSecret("wxt");
      await domain.patchToken(token.id, {
        secrets: [{ hash: hashSecret(next, undefined) }, { ...old, notAfter: ahead(60_000) }],
      });
      for (const each of [next, secret]) expect((await verify(each)).actor.id).to.equal(token.id);
    });
  });

  describe("an unusable credential", () => {
    type Presented = { readonly secret: string; readonly tokenId?: string };
    const issuePatched = async (more: (token: Token) => Partial<Token>): Promise<Presented> => {
      const { token, secret } = await issue();
      await domain.patchToken(token.id, more(token));
      return { secret, tokenId: token.id };
    };
    const unusable: Readonly<Record<string, { readonly cause: string; readonly prepare: () => Promise<Presented> }>> = {
      "that was never issued": { cause: "unknown", prepare: async () => ({ secret: mintSecret("wxt") }) },
      "that is not a token": { cause: "malformed", prepare: async () => ({ secret: "junk" }) },
      "that is empty": { cause: "malformed", prepare: async () => ({ secret: "" }) },
      "of another installation's prefix": { cause: "malformed", prepare: async () => ({ secret: mintSecret("abc") }) },
      "that is disabled": { cause: "disabled", prepare: () => issuePatched(() => ({ enabled: false })) },
      "that has expired": { cause: "expired", prepare: () => issuePatched(() => ({ expiresAt: ago(1) })) },
      "that is revoked": {
        cause: "revoked",
        prepare: async () => {
          const { token, secret } = await issue();
          await domain.tokens.revoke(domain.organizationId, operatorActor, token.id);
          return { secret, tokenId: token.id };
        },
      },
      "that is superseded and past its grace period": {
        cause: "superseded",
        prepare: () =>
          issuePatched(({ secrets }) => ({
            secrets: [
              { hash: hashSecret(mintSecret("wxt"), undefined) },
              ...secrets.map((each) => ({ ...each, notAfter: ago(1) })),
            ],
          })),
      },
      "of a user who was deactivated": {
        cause: "revoked",
        prepare: async () => {
          const { caller, userId, secret, token } = await issuePersonal();
          await users.update(caller, userId, undefined, () => ({ userName: "ada", active: false }));
          return { secret, tokenId: token.id };
        },
      },
      "of a user who was deleted": {
        cause: "unknown",
        prepare: async () => {
          const { caller, userId, secret } = await issuePersonal();
          await users.remove(caller, userId, undefined);
          return { secret };
        },
      },
      "of an inactive user, although it was not revoked": {
        cause: "user-inactive",
        prepare: async () => {
          const { userId, secret, token } = await issuePersonal();
          const tenant = domain.store.for(domain.organizationId).open(userRecords);
          const user = await tenant.get(userId);
          if (!user) throw new Error("the user does not exist");
          await domain.store.transaction((tx) =>
            tx
              .for(domain.organizationId)
              .open(userRecords)
              .replace(withSearchFields({ ...user, active: false }), "any"),
          );
          return { secret, tokenId: token.id };
        },
      },
      "of a removed user, although it was not revoked": {
        cause: "user-inactive",
        prepare: async () => {
          const { userId, secret, token } = await issuePersonal();
          await domain.store.transaction(async (tx) => {
            await tx.for(domain.organizationId).open(userRecords).remove(userId, "any");
          });
          return { secret, tokenId: token.id };
        },
      },
    };
    for (const [description, { cause, prepare }] of Object.entries(unusable)) {
      it(`${description} is rejected with the same message as every other, and audited as ${cause}`, async () => {
        const { secret, tokenId } = await prepare();
        const error = await expectRejection(verify(secret), "invalid-token");
        expect(error.message).to.equal("The credential is not valid.");
        expect(error.details).to.deep.equal({});
        expect(error.cause).to.equal(undefined);
        await rejections.flush();
        const action = cause === "superseded" ? "token.superseded_secret_used" : "authentication.refused";
        const tenant = tokenId === undefined ? serviceTenant : domain.organizationId;
        const [event, ...more] = await domain.listAuditEvents(tenant, action);
        expect(more).to.deep.equal([]);
        expect(event).to.deep.include({ outcome: "refused", ip: source.ip, requestId: source.requestId });
        expect(event?.details).to.deep.equal({ cause, count: 1 });
        expect(event?.actor.id).to.equal(tokenId);
      });
    }

    it("is rejected on the next request after a change", async () => {
      const { token, secret } = await issue();
      await verify(secret);
      await domain.patchToken(token.id, { enabled: false });
      await expectRejection(verify(secret), "invalid-token");
      await domain.patchToken(token.id, { enabled: true });
      await verify(secret);
    });
  });

  describe("AUTH_SECRET", () => {
    it("has full access in the default organization", async () => {
      expect(await verify(authSecret, { authSecret })).to.deep.equal({
        ...source,
        organizationId: domain.organizationId,
        actor: { type: "auth-secret" },
        scopes: expandScopes(["all"]),
      });
    });

    it("is rejected if it is not set, and matches its exact value only", async () => {
      await expectRejection(verify(authSecret), "invalid-token");
      for (const wrong of [`${authSecret}x`, authSecret.slice(0, -1), authSecret.toUpperCase(), ""]) {
        await expectRejection(verify(wrong, { authSecret }), "invalid-token");
      }
    });

    it("does not affect tokens", async () => {
      const { token, secret } = await issue();
      expect((await verify(secret, { authSecret })).actor.id).to.equal(token.id);
    });
  });

  it("throws unavailable, never invalid-token, if the store is unavailable, and records no rejection", async () => {
    const { secret } = await issue();
    await domain.store.close();
    for (const credential of [secret, mintSecret("wxt")]) {
      const error = await expectRejection(verify(credential), "unavailable");
      expect(error.details.retryAfterSeconds).to.be.greaterThan(0);
    }
    await expectRejection(verify(authSecret, { authSecret }), "unavailable");
    await rejections.flush(); // would throw, because the store is closed, if a rejection were buffered
  });
});
