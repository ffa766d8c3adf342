import { isDeepStrictEqual } from "node:util";
import type { ConsoleSignInSettings } from "../../schemas/console-sign-in.ts";
import { type Organization, organization as schema } from "../../schemas/organization.ts";
import { AppError, hasErrorCode } from "../errors.ts";
import { organizations, serviceTenant } from "../store/collections.ts";
import type { Page, Position } from "../store/query.ts";
import type { Store, Transaction } from "../store/store.ts";
import { type AuditActor, recordAuditEvent, serviceActor } from "./audit/record.ts";
import type { Caller } from "./caller.ts";
import { assertCanGrantRoles } from "./console/sign-in/console-roles.ts";
import { applySignInChange } from "./console/sign-in/settings-change.ts";
import { newEntity, nextVersion } from "./entity.ts";
import { assertVersion, type ExpectedVersion } from "./precondition.ts";
import { assertDefaultTtl } from "./tokens/issue/token-policy.ts";
import type { Tokens } from "./tokens/tokens.ts";

const defaultSlug = "default";

/** The settings that an admin of an organization can change. */
export type OrganizationSettings = Pick<
  Organization,
  "name" | "authExchange" | "tokenPolicy" | "provisioning" | "mcp" | "consoleSignIn"
>;

/** Checks that a sign-in of the console works, which can need requests to the issuer. @throws AppError invalid-value */
export type AssertSignInWorks = (settings: ConsoleSignInSettings) => Promise<unknown>;

/** Creates, reads and updates organizations. */
export class Organizations {
  readonly #store: Store;
  readonly #assertSignInWorks: AssertSignInWorks;
  readonly #maxTtlDays: number | undefined;

  /**
   * @param options.assertSignInWorks absent where no sign-in can be set, such as in the CLI
   * @param options.maxTtlDays the longest lifetime of tokens that the installation allows, in days
   */
  constructor(
    store: Store,
    {
      assertSignInWorks = rejectSignIn,
      maxTtlDays,
    }: { assertSignInWorks?: AssertSignInWorks; maxTtlDays?: number } = {},
  ) {
    this.#store = store;
    this.#assertSignInWorks = assertSignInWorks;
    this.#maxTtlDays = maxTtlDays;
  }

  /**
   * Creates an organization, with an audit event.
   * @param input without a name, the slug is the name
   * @throws AppError invalid-value naming the field; conflict if the slug is taken
   */
  create(auditActor: AuditActor, input: { readonly slug: string; readonly name?: string }): Promise<Organization> {
    return this.#store.transaction((tx) => createOrganization(tx, auditActor, input));
  }

  /** Lists all organizations of the installation in order of creation. */
  list(page: { readonly limit: number; readonly after?: Position }): Promise<Page<Organization>> {
    return this.#store.for(serviceTenant).open(organizations).list(page);
  }

  findBySlug(slug: string): Promise<Organization | undefined> {
    return findOrganizationBySlug(this.#store, slug);
  }

  /** Returns the caller's organization. @throws AppError not-found */
  async getOwn({ organizationId }: Pick<Caller, "organizationId">): Promise<Organization> {
    const organization = await this.#store.for(serviceTenant).open(organizations).get(organizationId);
    if (organization) return organization;
    throw notFound();
  }

  /**
   * Updates the settings of the caller's organization. An update without changes writes nothing.
   * @param applyUpdate returns the new settings for the current organization; may run more than once
   * @throws AppError not-found; precondition-failed; forbidden for a sign-in of the console that grants more than the
   *   caller has; invalid-value for one whose issuer does not work, and for a token policy whose default lifetime is longer
   *   than the longest one; and the errors of `applyUpdate`
   */
  async update(
    caller: Caller,
    expected: ExpectedVersion,
    applyUpdate: (current: Organization) => OrganizationSettings,
  ): Promise<Organization> {
    const { organizationId } = caller;
    const checked = await this.#checkSignIn(caller, expected, applyUpdate);
    return this.#store.transaction(
      async (tx) => {
        const collection = tx.for(serviceTenant).open(organizations);
        const current = await collection.get(organizationId);
        if (!current) throw notFound();
        assertVersion(current.version, expected);
        const before = toOrganizationSettings(current);
        const after = toOrganizationSettings(applyUpdate(current));
        if (isDeepStrictEqual(before, after)) return current;
        // Releases that did not check it have stored others. They stay valid, and the shortest lifetime applies.
        if (!isDeepStrictEqual(before.tokenPolicy, after.tokenPolicy))
          assertDefaultTtl(after.tokenPolicy, this.#maxTtlDays);
        const isChecked = [before.consoleSignIn, checked].some((each) => isDeepStrictEqual(after.consoleSignIn, each));
        if (after.consoleSignIn && !isChecked)
          throw new AppError("conflict", "The settings have just changed. Try again.");
        await applySignInChange(tx, caller, before.consoleSignIn, after.consoleSignIn);
        const { id, slug, createdAt, disabledAt } = current;
        const updated = {
          ...{ id, organizationId: serviceTenant, slug, createdAt, ...nextVersion(current), ...after },
          ...(disabledAt !== undefined && { disabledAt }),
        };
        await collection.replace(updated, current.version);
        await recordAuditEvent(tx, organizationId, caller, {
          action: "organization.update",
          target: { type: "organization", id },
          before,
          after,
        });
        return updated;
      },
      { lockKey: organizationId },
    );
  }

  /** Checks a changed sign-in before the transaction, which cannot wait for other servers. @returns what it has checked */
  async #checkSignIn(
    caller: Caller,
    expected: ExpectedVersion,
    applyUpdate: (current: Organization) => OrganizationSettings,
  ): Promise<ConsoleSignInSettings | undefined> {
    const current = await this.getOwn(caller);
    assertVersion(current.version, expected);
    const { consoleSignIn } = applyUpdate(current);
    if (!consoleSignIn || isDeepStrictEqual(consoleSignIn, current.consoleSignIn)) return undefined;
    assertCanGrantRoles(caller, consoleSignIn);
    await this.#assertSignInWorks(consoleSignIn);
    return consoleSignIn;
  }
}

const rejectSignIn: AssertSignInWorks = () => {
  throw new AppError("not-implemented", "consoleSignIn can be set through the API of the service only.");
};

/** Returns the organization `default`, which the first start creates and in which AUTH_SECRET is valid. */
export function findDefaultOrganization(store: Store): Promise<Organization | undefined> {
  return findOrganizationBySlug(store, defaultSlug);
}

/** What the initialization of a store has created: the organization `default`, and a token unless it was not wanted. */
export interface FirstStart {
  /** The secret of the token, which cannot be read again. */
  readonly secret?: string;
}

/**
 * Initializes an empty store: creates the organization `default` and one token with full access, atomically. If several
 * replicas start at the same time, one of them does so.
 * @param options.hasToken false creates no token, because AUTH_SECRET has full access already
 * @returns undefined if the store has organizations already
 */
export async function bootstrapStore(
  store: Store,
  tokens: Tokens,
  { hasToken = true }: { readonly hasToken?: boolean } = {},
): Promise<FirstStart | undefined> {
  if (!(await isStoreEmpty(store))) return undefined;
  try {
    return await store.transaction(async (tx) => {
      const { id } = await createOrganization(tx, serviceActor, { slug: defaultSlug, name: "Default" });
      if (!hasToken) return {};
      const input = { name: "First token", scopes: ["all"] } as const;
      const { secret } = await tokens.createInTransaction(tx, id, serviceActor, input);
      return { secret };
    });
  } catch (error) {
    if (hasErrorCode(error, "conflict")) return undefined;
    throw error;
  }
}

/** Whether a store has no organizations, so that it is initialized by the next start. @throws AppError unavailable */
export async function isStoreEmpty(store: Store): Promise<boolean> {
  return (await store.for(serviceTenant).open(organizations).count()) === 0;
}

async function createOrganization(
  tx: Transaction,
  auditActor: AuditActor,
  { slug, name = slug }: { readonly slug: string; readonly name?: string },
): Promise<Organization> {
  const organization = parseOrganization({ ...newEntity("org", serviceTenant), slug, name });
  await tx.for(serviceTenant).open(organizations).insert(organization);
  await recordAuditEvent(tx, organization.id, auditActor, {
    action: "organization.create",
    target: { type: "organization", id: organization.id },
    after: { slug, name },
  });
  return organization;
}

/** Checks the fields of an organization to store. @throws AppError invalid-value naming the field */
export function parseOrganization(organization: Organization): Organization {
  const parsed = schema.safeParse(organization);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  const field = issue?.path.join(".") ?? "";
  throw new AppError("invalid-value", `${field} ${issue?.message ?? "is invalid"}.`, { field });
}

/** Finds an organization by its slug. @throws AppError unavailable */
export async function findOrganizationBySlug(
  store: Pick<Store, "for"> | Pick<Transaction, "for">,
  slug: string,
): Promise<Organization | undefined> {
  const page = await store
    .for(serviceTenant)
    .open(organizations)
    .list({ where: { op: "eq", path: "slug", value: slug }, limit: 1 });
  return page.items[0];
}

const toOrganizationSettings = ({
  name,
  tokenPolicy,
  authExchange,
  provisioning,
  mcp,
  consoleSignIn,
}: OrganizationSettings): OrganizationSettings => ({
  name,
  ...(tokenPolicy && { tokenPolicy }),
  ...(authExchange && { authExchange }),
  ...(provisioning && { provisioning }),
  ...(mcp && { mcp }),
  ...(consoleSignIn && { consoleSignIn }),
});

const notFound = (): AppError => new AppError("not-found", "The organization was not found.");
