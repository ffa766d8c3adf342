import { type Organization, organization as schema } from "../../schemas/organization.ts";
import { AppError, isFault } from "../errors.ts";
import type { Change, Page, Position, Store } from "../store/collection.ts";
import { organizations, serviceTenant } from "../store/collections.ts";
import { type Author, record, service } from "./audit/record.ts";
import { newEntity } from "./entity.ts";
import type { Tokens } from "./tokens/tokens.ts";

const defaultSlug = "default";

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
