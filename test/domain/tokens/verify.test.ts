import { expect } from "chai";
import type { Token } from "../../../schemas/token.ts";
import { operator } from "../../../src/domain/audit/record.ts";
import { Refusals } from "../../../src/domain/audit/refusals.ts";
import { withTwin } from "../../../src/domain/people/twin.ts";
import { Users } from "../../../src/domain/people/users.ts";
import { Purges } from "../../../src/domain/purges/purges.ts";
import { hashSecret, mintSecret } from "../../../src/domain/tokens/format.ts";
import type { NewToken } from "../../../src/domain/tokens/new-token.ts";
import { expandScopes } from "../../../src/domain/tokens/scopes.ts";
import { Tokens } from "../../../src/domain/tokens/tokens.ts";
import { TokenUsage } from "../../../src/domain/tokens/usage.ts";
import type { TokenSettings } from "../../../src/domain/tokens/verify.ts";
import { serviceTenant, tokens as tokenRecords, users as userRecords } from "../../../src/store/collections.ts";
import { type Opened, openDomain, refusalOf, verifierOver } from "../opened.ts";

const presentation = { ip: "192.0.2.7", requestId: "r-1" };
const authSecret = "an-on-premises-secret-of-40-characters!!";
const ago = (ms: number): string => new Date(Date.now() - ms).toISOString();
const ahead = (ms: number): string => ago(-ms);

describe("TokenVerifier", () => {
  let domain: Opened;
  let users: Users;
  let usage: TokenUsage;
  let refusals: Refusals;
  beforeEach(async () => {
    domain = await openDomain();
    users = new Users(domain.store, new Purges(domain.store));
    usage = new TokenUsage(domain.store);
    refusals = new Refusals(domain.store);
  });
  afterEach(() => domain.dispose());

  const verifierOf = (settings: Partial<TokenSettings> = {}) =>
    verifierOver(domain.store, { prefix: "wxt", ...settings }, { usage, refusals });
  const verify = (secret: string, settings?: Partial<TokenSettings>) =>
    verifierOf(settings).verify(secret, presentation);
  const issue = (wanted: Partial<NewToken> = {}, tokens = domain.tokens) =>
    tokens.create(domain.organizationId, operator, { name: "ci", scopes: ["admin:write"], ...wanted });
  const issuePersonal = async () => {
    const caller = { ...operator, organizationId: domain.organizationId, scopes: expandScopes(["all"]) };
    const { id: userId } = await users.create(caller, { userName: "ada" });
    return { userId, caller, ...(await issue({ userId, type: "agent", scopes: ["connect:read"] })) };
  };

  describe("a usable credential", () => {
    it("is the caller: organisation, token, scopes spelled out, and from where it came", async () => {
      const { token, secret } = await issue();
      expect(await verify(secret)).to.deep.equal({
        ...presentation,
        organizationId: domain.organizationId,
        actor: { type: "token", id: token.id, name: "ci" },
        scopes: new Set(["admin:write", "admin:read", "admin:scim"]),
        token: { type: "admin", hash: token.secrets[0]?.hash },
      });
    });

    it("acts as its user when it is a personal token", async () => {
      const { userId, secret } = await issuePersonal();
      expect(await verify(secret)).to.deep.include({ userId, scopes: new Set(["connect:read"]) });
    });

    it("means all when its record is older than scopes", async () => {
      const { token, secret } = await issue({ scopes: ["admin:read"] });
      const { scopes: _, ...older } = token;
      await domain.store.transaction((change) =>
        change
          .for(domain.organizationId)
          .open(tokenRecords)
          .replace(older as Token, "any"),
      );
      expect((await verify(secret)).scopes).to.deep.equal(expandScopes(["all"]));
    });

    it("may have been hashed before there was a pepper, and with the pepper since", async () => {
      const [pepper, pepperless] = ["a pepper of some length", await issue()];
      const peppered = await issue({}, new Tokens(domain.store, { prefix: "wxt", pepper }));
      expect(peppered.token.secrets[0]?.hash).to.match(/^hs256:/);
      for (const { token, secret } of [pepperless, peppered]) {
        expect((await verify(secret, { pepper })).actor.id).to.equal(token.id);
      }
      await refusalOf(verify(peppered.secret), "invalid-token");
      await refusalOf(verify(peppered.secret, { pepper: "another pepper of length" }), "invalid-token");
    });

    it("may be superseded with a grace that is not over", async () => {
      const { token, secret } = await issue();
      const [old] = token.secrets;
      if (!old) throw new Error("it has no secret");
      const next = mintSecret("wxt");
      await domain.alter(token.id, {
        secrets: [{ hash: hashSecret(next, undefined) }, { ...old, notAfter: ahead(60_000) }],
      });
      for (const each of [next, secret]) expect((await verify(each)).actor.id).to.equal(token.id);
    });
  });

  describe("an unusable credential", () => {
    type Made = { readonly secret: string; readonly tokenId?: string };
    const altered = async (more: (token: Token) => Partial<Token>): Promise<Made> => {
      const { token, secret } = await issue();
      await domain.alter(token.id, more(token));
      return { secret, tokenId: token.id };
    };
    const unusable: Readonly<Record<string, { readonly cause: string; readonly make: () => Promise<Made> }>> = {
      "that was never issued": { cause: "unknown", make: async () => ({ secret: mintSecret("wxt") }) },
      "that is no token": { cause: "malformed", make: async () => ({ secret: "junk" }) },
      "that is empty": { cause: "malformed", make: async () => ({ secret: "" }) },
      "of another installation's prefix": { cause: "malformed", make: async () => ({ secret: mintSecret("abc") }) },
      "that is disabled": { cause: "disabled", make: () => altered(() => ({ enabled: false })) },
      "that has expired": { cause: "expired", make: () => altered(() => ({ expiresAt: ago(1) })) },
      "that is revoked": {
        cause: "revoked",
        make: async () => {
          const { token, secret } = await issue();
          await domain.tokens.revoke(domain.organizationId, operator, token.id);
          return { secret, tokenId: token.id };
        },
      },
      "that is superseded, its grace over": {
        cause: "superseded",
        make: () =>
          altered(({ secrets }) => ({
            secrets: [
              { hash: hashSecret(mintSecret("wxt"), undefined) },
              ...secrets.map((each) => ({ ...each, notAfter: ago(1) })),
            ],
          })),
      },
      "of a user who was deactivated": {
        cause: "revoked",
        make: async () => {
          const { caller, userId, secret, token } = await issuePersonal();
          await users.update(caller, userId, undefined, () => ({ userName: "ada", active: false }));
          return { secret, tokenId: token.id };
        },
      },
      "of a user who was deleted": {
        cause: "revoked",
        make: async () => {
          const { caller, userId, secret, token } = await issuePersonal();
          await users.remove(caller, userId, undefined);
          return { secret, tokenId: token.id };
        },
      },
      "of an inactive user, although it was not revoked": {
        cause: "user-inactive",
        make: async () => {
          const { userId, secret, token } = await issuePersonal();
          const tenant = domain.store.for(domain.organizationId).open(userRecords);
          const user = await tenant.get(userId);
          if (!user) throw new Error("there is no user");
          await domain.store.transaction((change) =>
            change
              .for(domain.organizationId)
              .open(userRecords)
              .replace(withTwin({ ...user, active: false }), "any"),
          );
          return { secret, tokenId: token.id };
        },
      },
      "of a user who is gone, although it was not revoked": {
        cause: "user-inactive",
        make: async () => {
          const { userId, secret, token } = await issuePersonal();
          await domain.store.transaction(async (change) => {
            await change.for(domain.organizationId).open(userRecords).remove(userId, "any");
          });
          return { secret, tokenId: token.id };
        },
      },
    };
    for (const [what, { cause, make }] of Object.entries(unusable)) {
      it(`${what} is refused in the same words as every other; only the audit log says: ${cause}`, async () => {
        const { secret, tokenId } = await make();
        const refused = await refusalOf(verify(secret), "invalid-token");
        expect(refused.message).to.equal("The credential is not valid.");
        expect(refused.details).to.deep.equal({});
        expect(refused.cause).to.equal(undefined);
        await refusals.flush();
        const action = cause === "superseded" ? "token.superseded_secret_used" : "authentication.refused";
        const tenant = tokenId === undefined ? serviceTenant : domain.organizationId;
        const [event, ...more] = await domain.audit(tenant, action);
        expect(more).to.deep.equal([]);
        expect(event).to.deep.include({ outcome: "refused", ip: presentation.ip, requestId: presentation.requestId });
        expect(event?.details).to.deep.equal({ cause, count: 1 });
        expect(event?.actor.id).to.equal(tokenId);
      });
    }

    it("is refused on the next request after a change, without any grace of a cache", async () => {
      const { token, secret } = await issue();
      await verify(secret);
      await domain.alter(token.id, { enabled: false });
      await refusalOf(verify(secret), "invalid-token");
      await domain.alter(token.id, { enabled: true });
      await verify(secret);
    });
  });

  describe("AUTH_SECRET", () => {
    it("is everything in the default organisation", async () => {
      expect(await verify(authSecret, { authSecret })).to.deep.equal({
        ...presentation,
        organizationId: domain.organizationId,
        actor: { type: "auth-secret" },
        scopes: expandScopes(["all"]),
      });
    });

    it("is nothing where it is not set, and nothing else than its exact text is it", async () => {
      await refusalOf(verify(authSecret), "invalid-token");
      for (const wrong of [`${authSecret}x`, authSecret.slice(0, -1), authSecret.toUpperCase(), ""]) {
        await refusalOf(verify(wrong, { authSecret }), "invalid-token");
      }
    });

    it("leaves tokens as valid as they are without it", async () => {
      const { token, secret } = await issue();
      expect((await verify(secret, { authSecret })).actor.id).to.equal(token.id);
    });
  });

  it("says unavailable, never invalid-token, when the store does not answer, and notes no refusal", async () => {
    const { secret } = await issue();
    await domain.store.close();
    for (const credential of [secret, mintSecret("wxt")]) {
      const refused = await refusalOf(verify(credential), "unavailable");
      expect(refused.details.retryAfterSeconds).to.be.greaterThan(0);
    }
    await refusalOf(verify(authSecret, { authSecret }), "unavailable");
    await refusals.flush(); // would throw, the store being closed, if there were anything to write
  });
});
