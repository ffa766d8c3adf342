import { expect } from "chai";
import { operatorActor } from "../../src/domain/audit/record.ts";
import { RejectedCredentials } from "../../src/domain/audit/rejections.ts";
import type { Caller } from "../../src/domain/caller.ts";
import { Catalog } from "../../src/domain/catalog/catalog.ts";
import { skillType, toolkitType } from "../../src/domain/catalog/resource-types.ts";
import { CascadeDeletes, settledAfterMs } from "../../src/domain/cleanup/cascade-deletes.ts";
import { toUserCaller } from "../../src/domain/console/sign-in/user-sessions.ts";
import { Groups } from "../../src/domain/directory/groups.ts";
import { Users } from "../../src/domain/directory/users.ts";
import { Organizations } from "../../src/domain/organizations.ts";
import { TokenExchanges } from "../../src/domain/tokens/exchange/exchange.ts";
import { JwksCache } from "../../src/domain/tokens/exchange/jwks.ts";
import type { NewToken } from "../../src/domain/tokens/issue/new-token.ts";
import { TokenFormatGate } from "../../src/domain/tokens/legacy/legacy.ts";
import { expandScopes } from "../../src/domain/tokens/scopes.ts";
import { toTokenStatus } from "../../src/domain/tokens/status.ts";
import { Tokens } from "../../src/domain/tokens/tokens.ts";
import { TokenReports } from "../../src/domain/tokens/usage/reports.ts";
import { ClientCredentials } from "../../src/domain/tokens/verify/client-credentials.ts";
import { AppError } from "../../src/errors.ts";
import {
  auditEvents,
  collections,
  organizations,
  serviceTenant,
  tokens as tokenRecords,
  users as userRecords,
} from "../../src/store/collections.ts";
import type { Store } from "../../src/store/store.ts";
import { describeOnEngines } from "../store/engines.fixture.ts";
import type { TestStore } from "../store/test-store.fixture.ts";
import { type IdentityProvider, startIdentityProvider } from "../support/identity-provider.ts";
import { repetitionsOf } from "../support/repetitions.ts";
import { trackSecret } from "../support/secrets.ts";
import { createVerifier } from "./domain.fixture.ts";
import { holdFirstWrite } from "./interleaving.fixture.ts";
import { openGuardedHttp } from "./outbound/guarded-http.fixture.ts";

const settings = { prefix: "wxt" };
const source = { ip: "192.0.2.7", requestId: "r-1" };
const roundsPerPair = repetitionsOf(50);
/** On SQLite the second change waits for the first one. It is released after this time. */
const heldMs = 100;

type Services = ReturnType<typeof createServices>;
type Change = (services: Services) => Promise<unknown>;

/** The domain as one replica has it. */
function createServices(store: Store) {
  const cascadeDeletes = new CascadeDeletes(store);
  const users = new Users(store, cascadeDeletes);
  const tokens = new Tokens(store, settings);
  const rejections = new RejectedCredentials(store);
  const jwks = new JwksCache(openGuardedHttp({ allowsAll: true }));
  return {
    ...{ store, cascadeDeletes, users, tokens, groups: new Groups(store, cascadeDeletes) },
    skills: new Catalog(store, cascadeDeletes, skillType),
    toolkits: new Catalog(store, cascadeDeletes, toolkitType),
    exchanges: new TokenExchanges(store, settings, { users, tokens, jwks, rejections }),
    clients: new ClientCredentials(store, tokens, 3600),
    reports: new TokenReports(store, settings, new TokenFormatGate(store, settings)),
    verifier: createVerifier(store, settings, { rejections }),
  };
}

/** Two changes that read what the other one writes, and what must hold afterwards in whatever order they run. */
interface Pair {
  readonly first: Change;
  readonly second: Change;
  /** @throws AssertionError for a state that no order of the two changes has */
  readonly check: () => Promise<void>;
}

describeOnEngines("Concurrent changes that depend on each other", (open, engine) => {
  let provider: IdentityProvider;
  let testStore: TestStore;
  let secondStore: Store;
  let services: Services;
  let admin: Caller;
  let organizationId: string;
  let counter = 0;
  before(async () => {
    provider = await startIdentityProvider();
    testStore = await open({ collections });
    secondStore = (await testStore.openSecond?.()) ?? testStore.store;
    services = createServices(testStore.store);
    organizationId = (await new Organizations(testStore.store).create(operatorActor, { slug: "default" })).id;
    admin = { ...operatorActor, organizationId, scopes: expandScopes(["all"]) };
    await testStore.store.transaction(async (tx) => {
      const records = tx.for(serviceTenant).open(organizations);
      const organization = await records.get(organizationId);
      if (organization) await records.replace({ ...organization, authExchange: provider.settings }, "any");
    });
  });
  after(async () => {
    if (secondStore !== testStore.store) await secondStore.close();
    await testStore.dispose();
    await provider.close();
  });

  const newName = () => `n${++counter}`;
  const createUser = async () => {
    const userName = `${newName()}@example.com`;
    return { userName, id: (await services.users.create(admin, { userName })).id };
  };
  const create = async (input: Partial<NewToken> = {}) => {
    const { tokens } = services;
    const issued = await tokens.create(organizationId, operatorActor, { name: newName(), scopes: ["all"], ...input });
    trackSecret(issued.secret);
    return { ...issued, caller: await services.verifier.verify(issued.secret, source) };
  };
  const isValid = (secret: string): Promise<boolean> =>
    services.verifier.verify(secret, source).then(
      () => true,
      () => false,
    );
  /** A change that issues a token, and the secrets that it returned. */
  const issuing = (issue: (services: Services) => Promise<{ readonly secret: string }>) => {
    const secrets: string[] = [];
    const change: Change = async (replica) => secrets.push(trackSecret((await issue(replica)).secret));
    return { change, secrets };
  };
  const expectNoneValid = async (secrets: readonly string[]): Promise<void> => {
    for (const secret of secrets) expect(await isValid(secret), "a token is valid that must not be").to.equal(false);
  };
  const revoke =
    (id: string, keepLastFullAccess = false): Change =>
    ({ tokens }) =>
      tokens.revoke(organizationId, operatorActor, id, { keepLastFullAccess });
  const readToken = (id: string) => testStore.store.for(organizationId).open(tokenRecords).get(id);
  /** A caller that ends cannot have created anything after its end. */
  const expectNothingCreatedAfterEnd = async (creatorId: string): Promise<void> => {
    const creator = await readToken(creatorId);
    const { items } = await services.tokens.list(organizationId, { limit: 5000 });
    const created = items.filter(({ createdBy }) => createdBy.id === creatorId);
    for (const { createdAt } of created) expect(createdAt <= (creator?.revokedAt ?? "")).to.equal(true);
  };

  const pairs: Readonly<Record<string, () => Promise<Pair>>> = {
    "issue a personal token x deactivate its user": async () => {
      const user = await createUser();
      const { change, secrets } = issuing(({ tokens }) =>
        tokens.create(organizationId, operatorActor, {
          ...{ name: "personal", type: "mcp", scopes: ["connect:read"], userId: user.id },
        }),
      );
      const setActive = (active: boolean, { users } = services) =>
        users.update(admin, user.id, undefined, () => ({ userName: user.userName, active }));
      const check = async () => {
        await setActive(true);
        await expectNoneValid(secrets);
      };
      return { first: change, second: (replica) => setActive(false, replica), check };
    },
    "issue a token as a user of the console x deactivate and activate the user": async () => {
      const user = await createUser();
      const { store } = testStore;
      const stored = await store.for(organizationId).open(userRecords).get(user.id);
      if (!stored) throw new Error("the user does not exist");
      const caller = toUserCaller(organizationId, stored, expandScopes(["all"]), source);
      const { change } = issuing(({ tokens }) => tokens.issue(caller, { name: newName(), scopes: ["admin:read"] }));
      const setActive = (active: boolean, { users }: Services) =>
        users.update(admin, user.id, undefined, () => ({ userName: user.userName, active }));
      const deactivate: Change = async (replica) => {
        await setActive(false, replica);
        await setActive(true, replica);
      };
      const check = async () => {
        const { items } = await services.tokens.list(organizationId, { limit: 5000 });
        const created = items.filter(({ createdBy }) => createdBy.id === user.id);
        const timeOf = async (action: string, targetId: string) => {
          const where = { op: "eq", path: "target.id", value: targetId } as const;
          const events = (await store.for(organizationId).open(auditEvents).list({ where, limit: 10 })).items;
          return String(events.find((event) => event.action === action)?.createdAt);
        };
        const deactivatedAt = await timeOf("user.deactivate", user.id);
        for (const { id } of created) expect((await timeOf("token.create", id)) <= deactivatedAt).to.equal(true);
      };
      return { first: change, second: deactivate, check };
    },
    "revoke a token x issue one with it": async () => {
      const { token, caller } = await create();
      const { change } = issuing(({ tokens }) => tokens.issue(caller, { name: "issued", scopes: ["admin:read"] }));
      return { first: revoke(token.id), second: change, check: () => expectNothingCreatedAfterEnd(token.id) };
    },
    "report a token x issue one with it": async () => {
      const { token, secret, caller } = await create();
      const { change } = issuing(({ tokens }) => tokens.issue(caller, { name: "issued", scopes: ["admin:read"] }));
      const report: Change = ({ reports }) => reports.report(secret, undefined, source);
      return { first: report, second: change, check: () => expectNothingCreatedAfterEnd(token.id) };
    },
    "rotate a token x revoke it": async () => {
      const { token, secret } = await create();
      const { change, secrets } = issuing(({ tokens }) => tokens.rotate(admin, token.id, 60));
      return { first: change, second: revoke(token.id), check: () => expectNoneValid([secret, ...secrets]) };
    },
    "exchange with an access token x revoke its client": async () => {
      const user = await createUser();
      const client = await create({ type: "agent", scopes: ["connect:write"] });
      const access = await services.clients.issue(client.caller, undefined);
      const caller = await services.verifier.verify(trackSecret(access.secret), source);
      const jwt = trackSecret(await provider.sign({ email: user.userName }));
      const { change, secrets } = issuing(async ({ exchanges }) => {
        const { access_token, refresh_token } = await exchanges.exchange(caller, jwt);
        trackSecret(refresh_token);
        return { secret: access_token };
      });
      return { first: change, second: revoke(client.token.id), check: () => expectNoneValid(secrets) };
    },
    "two tokens with full access that revoke each other": async () => {
      const { items } = await services.tokens.list(organizationId, { limit: 5000 }, { status: "active" });
      for (const { id } of items) await services.tokens.revoke(organizationId, operatorActor, id);
      const [one, other] = [await create(), await create()];
      const check = async () => {
        const statuses = [await readToken(one.token.id), await readToken(other.token.id)].map(
          (token) => token && toTokenStatus(token),
        );
        expect(statuses.filter((status) => status === "active")).to.have.length(1);
      };
      return { first: revoke(one.token.id, true), second: revoke(other.token.id, true), check };
    },
    "delete a group x add a member": async () => {
      const user = await createUser();
      const group = await services.groups.create(admin, { displayName: newName() }, []);
      const remove: Change = ({ groups }) => groups.remove(admin, group.id, undefined);
      const add: Change = ({ groups }) => groups.update(admin, group.id, undefined, { members: [{ add: [user.id] }] });
      const check = async () => {
        expect(await services.groups.get(organizationId, group.id)).to.equal(undefined);
        await services.cascadeDeletes.flush(new Date(Date.now() + settledAfterMs + 1));
        const { memberships } = testStore.store.for(organizationId);
        expect(await memberships.groupsOf(user.id, { limit: 10 })).to.deep.equal([]);
      };
      return { first: remove, second: add, check };
    },
    "create two users with one name": async () => {
      const userName = `${newName()}@example.com`;
      const add =
        (name: string): Change =>
        ({ users }) =>
          users.create(admin, { userName: name });
      const check = async () => {
        const { items } = await services.users.list(organizationId, { limit: 1000 });
        expect(items.filter((user) => user.userName.toLowerCase() === userName)).to.have.length(1);
      };
      return { first: add(userName), second: add(userName.toUpperCase()), check };
    },
    "refer to a resource x delete it": async () => {
      const assignment = { everyone: false, groups: [], users: [] };
      const [skill, toolkit] = [newName(), newName()];
      await services.skills.create(admin, { slug: skill, name: skill, content: "# A", assignment });
      const refer: Change = ({ toolkits }) =>
        toolkits.create(admin, {
          ...{ slug: toolkit, name: toolkit, entries: [], skills: [skill], commands: [], leastPrivilege: false },
          assignment,
        });
      const remove: Change = ({ skills }) => skills.remove(admin, skill, {});
      const check = async () => {
        const stored = [
          await services.toolkits.get(organizationId, toolkit),
          await services.skills.get(organizationId, skill),
        ];
        const [isReferring, isStored] = stored.map((each) => each !== undefined);
        expect(isReferring, "the toolkit exists if and only if its skill was not deleted").to.equal(isStored);
      };
      return { first: refer, second: remove, check };
    },
  };

  for (const [title, prepare] of Object.entries(pairs)) {
    describe(title, () => {
      for (const order of ["first", "second"] as const) {
        it(`leaves no impossible state when the ${order} change is held between its reads and its first write`, async () => {
          const pair = await prepare();
          const held = holdFirstWrite(testStore.store);
          const heldChange = settle(pair[order](createServices(held.store)));
          await Promise.race([held.reached, heldChange]);
          const other = settle(pair[order === "first" ? "second" : "first"](createServices(secondStore)));
          await Promise.race([other, delay(engine === "SQLite" ? heldMs : 10 * heldMs)]);
          held.release();
          await Promise.all([heldChange, other]);
          await pair.check();
        });
      }

      it(`leaves no impossible state when both start at once, ${roundsPerPair} times`, async function () {
        this.timeout(120_000);
        const [one, other] = [createServices(testStore.store), createServices(secondStore)];
        for (let round = 0; round < roundsPerPair; round++) {
          const pair = await prepare();
          // Each change starts a few milliseconds before or after the other one.
          const [firstMs, secondMs] = [(round % 5) * 2, ((round + 2) % 5) * 2];
          await Promise.all([
            delay(firstMs).then(() => settle(pair.first(one))),
            delay(secondMs).then(() => settle(pair.second(other))),
          ]);
          await pair.check();
        }
      });
    });
  }
});

const delay = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** A change may be rejected because of the other one. An error that is not one of the domain fails the test. */
async function settle(change: Promise<unknown>): Promise<void> {
  try {
    await change;
  } catch (error) {
    if (!(error instanceof AppError) || ["internal", "unavailable"].includes(error.code)) throw error;
  }
}
