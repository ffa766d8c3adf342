import type { AuditEvent } from "../../../../schemas/audit-event.ts";
import type { ExchangedTokens, RefreshTokenFamily, RenewedTokens } from "../../../../schemas/auth-exchange.ts";
import type { Scope, Token } from "../../../../schemas/token.ts";
import { operatorActor } from "../../../../src/domain/audit/record.ts";
import { RejectedCredentials } from "../../../../src/domain/audit/rejections.ts";
import type { Caller } from "../../../../src/domain/caller.ts";
import { CascadeDeletes } from "../../../../src/domain/cleanup/cascade-deletes.ts";
import { Users } from "../../../../src/domain/directory/users.ts";
import { Organizations } from "../../../../src/domain/organizations.ts";
import { TokenExchanges } from "../../../../src/domain/tokens/exchange/exchange.ts";
import { JwksCache } from "../../../../src/domain/tokens/exchange/jwks.ts";
import type { NewToken } from "../../../../src/domain/tokens/issue/new-token.ts";
import type { TokenPolicy } from "../../../../src/domain/tokens/issue/token-policy.ts";
import { expandScopes } from "../../../../src/domain/tokens/scopes.ts";
import { Tokens } from "../../../../src/domain/tokens/tokens.ts";
import {
  auditEvents,
  collections,
  exchanges as exchangeRecords,
  organizations as organizationRecords,
  serviceTenant,
  tokens as tokenRecords,
} from "../../../../src/store/collections.ts";
import type { Store } from "../../../../src/store/store.ts";
import type { OpenTestStore } from "../../../store/test-store.fixture.ts";
import type { IdentityProvider } from "../../../support/identity-provider.ts";
import { trackSecret } from "../../../support/secrets.ts";
import { createVerifier } from "../../domain.fixture.ts";
import { openGuardedHttp } from "../../outbound/guarded-http.fixture.ts";

/** Token exchange over a store with two organizations, of which `default` trusts an identity provider. */
export interface ExchangeTestContext {
  readonly store: Store;
  readonly organizationId: string;
  readonly otherId: string;
  readonly users: Users;
  readonly tokens: Tokens;
  /** The user `ada@example.com` of `default`, with the externalId `idp|ada`. */
  readonly ada: string;
  /** The caller of a token with the scope `connect:exchange-auth`. */
  readonly gateway: Caller;
  createExchanger(input?: Partial<NewToken>, organizationId?: string): Promise<Caller>;
  /** Replaces the token policy. */
  usePolicy(policy: Partial<TokenPolicy>): void;
  /** Sets the identity provider that an organization trusts; undefined removes it. */
  trustProvider(organizationId: string, provider: IdentityProvider | undefined): Promise<void>;
  createUser(organizationId: string, attributes: Parameters<Users["create"]>[1]): Promise<string>;
  /** Exchanges a JWT of the identity provider with these claims. */
  exchange(claims?: object, caller?: Caller): Promise<ExchangedTokens>;
  exchangeJwt(jwt: string, caller?: Caller): Promise<ExchangedTokens>;
  refresh(refreshToken: string, caller?: Caller): Promise<RenewedTokens>;
  verify(secret: string): Promise<Caller>;
  isValid(secret: string): Promise<boolean>;
  /** Returns the record of a valid access token. */
  readTokenBySecret(secret: string): Promise<Token>;
  readStoredToken(tokenId: string): Promise<Token | undefined>;
  patchToken(tokenId: string, more: Partial<Token>): Promise<void>;
  listFamilies(): Promise<readonly RefreshTokenFamily[]>;
  patchFamilies(more: Partial<RefreshTokenFamily>): Promise<void>;
  deleteFamilies(): Promise<void>;
  listAuditEvents(action: string, organizationId?: string): Promise<readonly AuditEvent[]>;
  /** Lists the causes of all rejections in the organization's audit log. */
  listRejectionCauses(organizationId?: string): Promise<readonly unknown[]>;
  dispose(): Promise<void>;
}

const source = { ip: "192.0.2.7", requestId: "r-1" };

export const fullAccessCaller = (organizationId: string): Caller => ({
  ...operatorActor,
  organizationId,
  scopes: expandScopes(["all"]),
});

export async function openExchangeContext(
  open: OpenTestStore,
  provider: IdentityProvider,
): Promise<ExchangeTestContext> {
  const { store, dispose } = await open({ collections });
  const users = new Users(store, new CascadeDeletes(store));
  const rejections = new RejectedCredentials(store);
  const organizations = new Organizations(store);
  const { id: organizationId } = await organizations.create(operatorActor, { slug: "default" });
  const { id: otherId } = await organizations.create(operatorActor, { slug: "other" });

  const usePolicy = (policy: Partial<TokenPolicy>) => {
    const settings = { prefix: "wxt", ...policy };
    const tokens = new Tokens(store, settings);
    const verifier = createVerifier(store, settings, { rejections });
    const services = { users, tokens, jwks: new JwksCache(openGuardedHttp({ allowsAll: true })), rejections };
    return { tokens, verifier, exchanges: new TokenExchanges(store, settings, services) };
  };
  let services = usePolicy({});

  const trustProvider: ExchangeTestContext["trustProvider"] = (id, idp) =>
    store.transaction(async (tx) => {
      const collection = tx.for(serviceTenant).open(organizationRecords);
      const organization = await collection.get(id);
      if (!organization) throw new Error(`organization ${id} does not exist`);
      const { authExchange: _, ...rest } = organization;
      await collection.replace({ ...rest, ...(idp && { authExchange: idp.settings }) }, "any");
    });
  const createUser: ExchangeTestContext["createUser"] = async (id, attributes) =>
    (await users.create(fullAccessCaller(id), attributes)).id;
  const verify = (secret: string): Promise<Caller> => services.verifier.verify(secret, source);
  const createExchanger: ExchangeTestContext["createExchanger"] = async (input = {}, id = organizationId) => {
    const scopes: readonly Scope[] = ["connect:exchange-auth"];
    const issued = await services.tokens.create(id, operatorActor, {
      name: "gateway",
      type: "agent",
      scopes,
      ...input,
    });
    return verify(trackSecret(issued.secret));
  };
  await trustProvider(organizationId, provider);
  const ada = await createUser(organizationId, { userName: "ada@example.com", externalId: "idp|ada" });
  const gateway = await createExchanger();

  const exchangeJwt: ExchangeTestContext["exchangeJwt"] = async (jwt, caller = gateway) =>
    trackSecrets(await services.exchanges.exchange(caller, jwt));
  const readStoredToken: ExchangeTestContext["readStoredToken"] = (id) =>
    store.for(organizationId).open(tokenRecords).get(id);
  const listAuditEvents: ExchangeTestContext["listAuditEvents"] = async (action, id = organizationId) => {
    await rejections.flush();
    const where = { op: "eq", path: "action", value: action } as const;
    return (await store.for(id).open(auditEvents).list({ where, limit: 500 })).items;
  };
  const listFamilies: ExchangeTestContext["listFamilies"] = async () =>
    (await store.for(organizationId).open(exchangeRecords).list({ limit: 200 })).items;

  return {
    ...{ store, organizationId, otherId, users, ada, gateway, createExchanger, trustProvider, createUser, exchangeJwt },
    ...{ verify, readStoredToken, listAuditEvents, listFamilies, dispose },
    get tokens() {
      return services.tokens;
    },
    usePolicy: (policy) => {
      services = usePolicy(policy);
    },
    exchange: async (claims = {}, caller) => exchangeJwt(trackSecret(await provider.sign({ ...claims })), caller),
    refresh: async (refreshToken, caller = gateway) =>
      trackSecrets(await services.exchanges.refresh(caller, refreshToken)),
    isValid: (secret) =>
      verify(secret).then(
        () => true,
        () => false,
      ),
    readTokenBySecret: async (secret) => {
      const token = await readStoredToken((await verify(secret)).actor.id ?? "");
      if (!token) throw new Error("the token does not exist");
      return token;
    },
    patchToken: (id, more) =>
      store.transaction(async (tx) => {
        const records = tx.for(organizationId).open(tokenRecords);
        const token = await records.get(id);
        if (token) await records.replace({ ...token, ...more }, "any");
      }),
    patchFamilies: async (more) => {
      const all = await listFamilies();
      await store.transaction(async (tx) => {
        const records = tx.for(organizationId).open(exchangeRecords);
        for (const family of all) await records.replace({ ...family, ...more }, "any");
      });
    },
    deleteFamilies: async () => {
      const all = await listFamilies();
      await store.transaction(async (tx) => {
        for (const { id } of all) await tx.for(organizationId).open(exchangeRecords).remove(id, "any");
      });
    },
    listRejectionCauses: async (id) =>
      (await listAuditEvents("authentication.refused", id)).map(({ details }) => details?.["cause"]),
  };
}

/** Tracks both secrets, so that the files of a test can be searched for them. */
function trackSecrets<T extends RenewedTokens>(response: T): T {
  trackSecret(response.access_token);
  trackSecret(response.refresh_token);
  return response;
}
