import { type Organization, organization as schema } from "../../schemas/organization.ts";
import { AppError, isFault } from "../errors.ts";
import type { Change, Page, Position, Store } from "../store/collection.ts";
import { organizations, serviceTenant } from "../store/collections.ts";
import { sameAttributes } from "./attributes.ts";
import { type Author, record, service } from "./audit/record.ts";
import type { Caller } from "./caller.ts";
import { newEntity, nextVersion } from "./entity.ts";
import { assertVersion, type ExpectedVersion } from "./precondition.ts";
import type { Tokens } from "./tokens/tokens.ts";

const defaultSlug = "default";

/** What an admin may say of the own organisation. */
export type OrganizationContent = Pick<Organization, "name" | "authExchange" | "tokenPolicy">;

/** The register of organisations. */
export class Organizations {
  readonly #store: Store;

  constructor(store: Store) {
    this.#store = store;
  }

  /** @throws AppError invalid-value naming the field; conflict when the slug is taken */
  create(author: Author, wanted: { readonly slug: string; readonly name?: string }): Promise<Organization> {
    return this.#store.transaction((change) => createWithin(change, author, wanted));
  }

  /** In order of creation. */
  list(page: { readonly limit: number; readonly after?: Position }): Promise<Page<Organization>> {
    return this.#store.for(serviceTenant).open(organizations).list(page);
  }

  bySlug(slug: string): Promise<Organization | undefined> {
    return organizationBySlug(this.#store, slug);
  }

  /** The caller's own. @throws AppError not-found */
  async own({ organizationId }: Pick<Caller, "organizationId">): Promise<Organization> {
    const found = await this.#store.for(serviceTenant).open(organizations).get(organizationId);
    if (found) return found;
    throw notFound();
  }

  /**
   * Changes the caller's own organisation. Nothing is written when nothing differs.
   * @param revise makes what it is from now on out of what it is; may run more than once
   * @throws AppError not-found; precondition-failed; and what `revise` throws
   */
  update(
    caller: Caller,
    expected: ExpectedVersion,
    revise: (current: Organization) => OrganizationContent,
  ): Promise<Organization> {
    const { organizationId } = caller;
    return this.#store.transaction(
      async (change) => {
        const open = change.for(serviceTenant).open(organizations);
        const current = await open.get(organizationId);
        if (!current) throw notFound();
        assertVersion(current.version, expected);
        const before = contentOf(current);
        const after = contentOf(revise(current));
        if (sameAttributes(before, after)) return current;
        const { id, slug, createdAt } = current;
        const changed = { id, organizationId: serviceTenant, slug, createdAt, ...nextVersion(current), ...after };
        await open.replace(changed, current.version);
        await record(change, organizationId, caller, {
          action: "organization.update",
          target: { type: "organization", id },
          before,
          after,
        });
        return changed;
      },
      { turn: organizationId },
    );
  }
}

/** The organisation of the first start, and of the on-premises secret. */
export function defaultOrganization(store: Store): Promise<Organization | undefined> {
  return organizationBySlug(store, defaultSlug);
}

/**
 * The first start on an empty store: makes the organisation `default` and one token that may do everything, together.
 * Of several replicas that start at once, one does.
 * @returns the secret, once; undefined when there are organisations already
 */
export async function firstStart(store: Store, tokens: Tokens): Promise<{ secret: string } | undefined> {
  if ((await store.for(serviceTenant).open(organizations).count()) > 0) return undefined;
  try {
    return await store.transaction(async (change) => {
      const { id } = await createWithin(change, service, { slug: defaultSlug, name: "Default" });
      return tokens.createWithin(change, id, service, { name: "First token", scopes: ["all"] });
    });
  } catch (error) {
    if (isFault(error, "conflict")) return undefined;
    throw error;
  }
}

async function createWithin(
  change: Change,
  author: Author,
  { slug, name = slug }: { readonly slug: string; readonly name?: string },
): Promise<Organization> {
  const envelope = newEntity("org", serviceTenant);
  const checked = schema.safeParse({ ...envelope, slug, name });
  if (!checked.success) {
    const [issue] = checked.error.issues;
    const field = issue?.path.join(".") ?? "";
    throw new AppError("invalid-value", `${field} ${issue?.message ?? "is wrong"}.`, { field });
  }
  await change.for(serviceTenant).open(organizations).insert(checked.data);
  await record(change, checked.data.id, author, {
    action: "organization.create",
    target: { type: "organization", id: checked.data.id },
    after: { slug, name },
  });
  return checked.data;
}

async function organizationBySlug(store: Store, slug: string): Promise<Organization | undefined> {
  const page = await store
    .for(serviceTenant)
    .open(organizations)
    .list({ where: { op: "eq", path: "slug", value: slug }, limit: 1 });
  return page.items[0];
}

const contentOf = ({ name, tokenPolicy, authExchange }: OrganizationContent): OrganizationContent => ({
  name,
  ...(tokenPolicy && { tokenPolicy }),
  ...(authExchange && { authExchange }),
});

const notFound = (): AppError => new AppError("not-found", "There is no such organization.");
