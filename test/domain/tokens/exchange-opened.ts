import type { AuditEvent } from "../../../schemas/audit-event.ts";
import type { Exchange, ExchangedTokens, RenewedTokens } from "../../../schemas/auth-exchange.ts";
import type { Scope, Token } from "../../../schemas/token.ts";
import { operator } from "../../../src/domain/audit/record.ts";
import { Refusals } from "../../../src/domain/audit/refusals.ts";
import type { Caller } from "../../../src/domain/caller.ts";
import { Organizations } from "../../../src/domain/organizations.ts";
import { Users } from "../../../src/domain/people/users.ts";
import { Purges } from "../../../src/domain/purges/purges.ts";
import { Exchanges } from "../../../src/domain/tokens/exchange.ts";
import { Jwks } from "../../../src/domain/tokens/jwks.ts";
import type { NewToken } from "../../../src/domain/tokens/new-token.ts";
import { expandScopes } from "../../../src/domain/tokens/scopes.ts";
import { type TokenPolicy, Tokens } from "../../../src/domain/tokens/tokens.ts";
import type { Store } from "../../../src/store/collection.ts";
import {
  auditEvents,
  collections,
  exchanges as exchangeRecords,
  organizations as organizationRecords,
  serviceTenant,
  tokens as tokenRecords,
} from "../../../src/store/collections.ts";
import type { Open } from "../../store/opened.ts";
import type { IdentityProvider } from "../../support/identity-provider.ts";
import { remember } from "../../support/secrets.ts";
import { verifierOver } from "../opened.ts";

/** The domain of exchanges over a store with two organisations, of which `default` believes an identity provider. */
export interface OpenedExchanges {
  readonly store: Store;
  readonly organizationId: string;
  readonly otherId: string;
  readonly users: Users;
  readonly tokens: Tokens;
  /** The user `ada@example.com` of `default`, with the externalId `idp|ada`. */
  readonly ada: string;
  /** A token that may exchange, as it stands at the door. */
  readonly gateway: Caller;
  exchanger(wanted?: Partial<NewToken>, organizationId?: string): Promise<Caller>;
  /** Exchanges as under another policy from now on. */
  under(policy: Partial<TokenPolicy>): void;
  /** Sets whom an organisation believes; undefined: nobody. */
  believe(organizationId: string, provider: IdentityProvider | undefined): Promise<void>;
  join(organizationId: string, attributes: Parameters<Users["create"]>[1]): Promise<string>;
  /** Exchanges a JWT with these claims, or one that was made elsewhere. */
  exchange(claims?: object, caller?: Caller): Promise<ExchangedTokens>;
  exchangeJwt(jwt: string, caller?: Caller): Promise<ExchangedTokens>;
  refresh(refreshToken: string, caller?: Caller): Promise<RenewedTokens>;
  verify(secret: string): Promise<Caller>;
  opens(secret: string): Promise<boolean>;
  /** The record of an access token that is good. */
  tokenOf(secret: string): Promise<Token>;
  stored(tokenId: string): Promise<Token | undefined>;
  alter(tokenId: string, more: Partial<Token>): Promise<void>;
  families(): Promise<readonly Exchange[]>;
  alterFamilies(more: Partial<Exchange>): Promise<void>;
  forgetFamilies(): Promise<void>;
  audit(action: string, organizationId?: string): Promise<readonly AuditEvent[]>;
  /** The causes of all refusals so far, as the organisation's audit log has them. */
  causes(organizationId?: string): Promise<readonly unknown[]>;
  dispose(): Promise<void>;
}

const presentation = { ip: "192.0.2.7", requestId: "r-1" };

export const everythingIn = (organizationId: string): Caller => ({
  ...operator,
  organizationId,
  scopes: expandScopes(["all"]),
});

export async function openExchanges(open: Open, provider: IdentityProvider): Promise<OpenedExchanges> {
  const { store, dispose } = await open({ collections });
  const users = new Users(store, new Purges(store));
  const refusals = new Refusals(store);
  const organizations = new Organizations(store);
  const { id: organizationId } = await organizations.create(operator, { slug: "default" });
  const { id: otherId } = await organizations.create(operator, { slug: "other" });

  const under = (policy: Partial<TokenPolicy>) => {
    const settings = { prefix: "wxt", ...policy };
    const tokens = new Tokens(store, settings);
    const verifier = verifierOver(store, settings, { refusals });
    const rooms = { users, tokens, jwks: new Jwks({ allowPrivate: true }), refusals };
    return { tokens, verifier, exchanges: new Exchanges(store, settings, rooms) };
  };
  let rooms = under({});

  const believe: OpenedExchanges["believe"] = (id, idp) =>
    store.transaction(async (change) => {
      const register = change.for(serviceTenant).open(organizationRecords);
      const organization = await register.get(id);
      if (!organization) throw new Error(`there is no organisation ${id}`);
      const { authExchange: _, ...rest } = organization;
      await register.replace({ ...rest, ...(idp && { authExchange: idp.settings }) }, "any");
    });
  const join: OpenedExchanges["join"] = async (id, attributes) => (await users.create(everythingIn(id), attributes)).id;
  const verify = (secret: string): Promise<Caller> => rooms.verifier.verify(secret, presentation);
  const exchanger: OpenedExchanges["exchanger"] = async (wanted = {}, id = organizationId) => {
    const scopes: readonly Scope[] = ["connect:exchange-auth"];
    const made = await rooms.tokens.create(id, operator, { name: "gateway", type: "agent", scopes, ...wanted });
    return verify(remember(made.secret));
  };
  await believe(organizationId, provider);
  const ada = await join(organizationId, { userName: "ada@example.com", externalId: "idp|ada" });
  const gateway = await exchanger();

  const exchangeJwt: OpenedExchanges["exchangeJwt"] = async (jwt, caller = gateway) =>
    remembered(await rooms.exchanges.exchange(caller, jwt));
  const stored: OpenedExchanges["stored"] = (id) => store.for(organizationId).open(tokenRecords).get(id);
  const audit: OpenedExchanges["audit"] = async (action, id = organizationId) => {
    await refusals.flush();
    const where = { op: "eq", path: "action", value: action } as const;
    return (await store.for(id).open(auditEvents).list({ where, limit: 500 })).items;
  };
  const families: OpenedExchanges["families"] = async () =>
    (await store.for(organizationId).open(exchangeRecords).list({ limit: 200 })).items;

  return {
    ...{ store, organizationId, otherId, users, ada, gateway, exchanger, believe, join, exchangeJwt },
    ...{ verify, stored, audit, families, dispose },
    get tokens() {
      return rooms.tokens;
    },
    under: (policy) => {
      rooms = under(policy);
    },
    exchange: async (claims = {}, caller) => exchangeJwt(remember(await provider.sign({ ...claims })), caller),
    refresh: async (refreshToken, caller = gateway) => remembered(await rooms.exchanges.refresh(caller, refreshToken)),
    opens: (secret) =>
      verify(secret).then(
        () => true,
        () => false,
      ),
    tokenOf: async (secret) => {
      const token = await stored((await verify(secret)).actor.id ?? "");
      if (!token) throw new Error("there is no such token");
      return token;
    },
    alter: (id, more) =>
      store.transaction(async (change) => {
        const records = change.for(organizationId).open(tokenRecords);
        const token = await records.get(id);
        if (token) await records.replace({ ...token, ...more }, "any");
      }),
    alterFamilies: async (more) => {
      const all = await families();
      await store.transaction(async (change) => {
        const records = change.for(organizationId).open(exchangeRecords);
        for (const family of all) await records.replace({ ...family, ...more }, "any");
      });
    },
    forgetFamilies: async () => {
      const all = await families();
      await store.transaction(async (change) => {
        for (const { id } of all) await change.for(organizationId).open(exchangeRecords).remove(id, "any");
      });
    },
    causes: async (id) => (await audit("authentication.refused", id)).map(({ details }) => details?.["cause"]),
  };
}

/** Every secret that a test makes is searched for in what it leaves. */
function remembered<T extends RenewedTokens>(answer: T): T {
  remember(answer.access_token);
  remember(answer.refresh_token);
  return answer;
}
