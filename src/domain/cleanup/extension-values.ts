import type { Group, User, WithSearchFields } from "../../../schemas/user.ts";
import { groups, users } from "../../store/collections.ts";
import { withSearchFields } from "../../store/normalized-fields.ts";
import type { Tenant, Transaction, Writer } from "../../store/store.ts";
import type { AuditEventContent } from "../audit/record.ts";
import { nextVersion } from "../entity.ts";
import { holdsExtensionValue } from "../extensions/extension-changes.ts";
import { readExtensionsOnce } from "../extensions/read-extensions.ts";

/** Users or groups per transaction: few enough not to delay other writers. */
const batchMax = 100;

/** @returns whether any user or group has values of a removed extension schema */
export async function hasExtensionValues(tenant: Tenant<"read">, extensionId: string): Promise<boolean> {
  const query = { where: holdsExtensionValue(extensionId), limit: 1 };
  const pages = [await tenant.open(users).list(query), await tenant.open(groups).list(query)];
  return pages.some(({ items }) => items.length > 0);
}

/**
 * Removes the values of a removed extension schema from a batch of users and groups.
 * @param record records the audit event of each change
 * @returns whether there may be more
 */
export async function removeExtensionValues(
  transaction: Transaction,
  organizationId: string,
  extensionId: string,
  record: (event: AuditEventContent) => Promise<void>,
): Promise<boolean> {
  const tenant = transaction.for(organizationId);
  const extensions = await readExtensionsOnce(transaction, organizationId);
  const removeFrom = async <T extends User | Group>(
    type: "user" | "group",
    writer: Writer<T, WithSearchFields<T>>,
  ): Promise<boolean> => {
    const { items } = await writer.list({ where: holdsExtensionValue(extensionId), limit: batchMax });
    for (const item of items) {
      await writer.replace(withSearchFields(withoutExtension(item, extensionId), extensions), item.version);
      await record({
        action: `${type}.update`,
        target: { type, id: item.id },
        before: { scimExtensions: { [extensionId]: item.scimExtensions?.[extensionId] } },
        after: {},
      });
    }
    return items.length === batchMax;
  };
  const hasMoreUsers = await removeFrom<User>("user", tenant.open(users));
  return (await removeFrom<Group>("group", tenant.open(groups))) || hasMoreUsers;
}

function withoutExtension<T extends User | Group>(resource: T, extensionId: string): T {
  const { scimExtensions, ...rest } = resource as User;
  const { [extensionId]: _, ...others } = scimExtensions ?? {};
  const remaining = Object.keys(others).length > 0 ? { scimExtensions: others } : {};
  return { ...rest, ...nextVersion(resource), ...remaining } as unknown as T;
}
