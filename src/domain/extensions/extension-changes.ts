import {
  type ScimExtension,
  type ScimExtensionAttribute,
  scimExtensionLimits,
} from "../../../schemas/scim-extension.ts";
import { AppError } from "../../errors.ts";
import { groups, users } from "../../store/collections.ts";
import { extensionKeysPath, toExtensionKey } from "../../store/extension-fields.ts";
import type { Condition } from "../../store/query.ts";
import type { Tenant } from "../../store/store.ts";
import type { Blocker } from "../catalog/references.ts";

/** The part of an extension schema that a client sets. */
export type ScimExtensionContent = Pick<ScimExtension, "resourceType" | "name" | "description" | "attributes">;

/** The users or groups in an error. */
const blockersMax = 20;

/** @returns a condition that holds for users or groups with a value of the schema, or of one attribute; an index serves it */
export function holdsExtensionValue(id: string, attributeName?: string): Condition {
  const key = toExtensionKey(id, attributeName);
  return { op: "some", path: extensionKeysPath, where: { op: "eq", path: "key", value: key } };
}

/**
 * Finds users or groups that hold values of an extension schema, or of one attribute.
 * @returns at most 20 of them
 */
export async function findValueHolders(
  tenant: Tenant<"write">,
  { id, resourceType }: Pick<ScimExtension, "id" | "resourceType">,
  attributeName?: string,
): Promise<readonly Blocker[]> {
  const query = { where: holdsExtensionValue(id, attributeName), limit: blockersMax };
  return resourceType === "User"
    ? (await tenant.open(users).list(query)).items.map((each) => ({ type: "user", id: each.id, name: each.userName }))
    : (await tenant.open(groups).list(query)).items.map((each) => ({
        type: "group",
        id: each.id,
        name: each.displayName,
      }));
}

/**
 * Returns the removed attributes of a schema after a change: those whose values are still stored. Stored values
 * stay readable: an attribute that returns must have the characteristics that its values were stored with.
 * @throws AppError referenced, with holders of values, for an attribute that its stored values do not allow; limit-reached
 */
export async function reviseRemovedAttributes(
  tenant: Tenant<"write">,
  current: ScimExtension,
  next: ScimExtensionContent,
): Promise<readonly ScimExtensionAttribute[]> {
  const removed: ScimExtensionAttribute[] = [];
  for (const attribute of [...current.attributes, ...(current.removedAttributes ?? [])]) {
    const successor = next.attributes.find((each) => each.name.toLowerCase() === attribute.name.toLowerCase());
    const difference = successor && findIncompatibility(attribute, successor);
    if (successor && difference === undefined) continue;
    const holders = await findValueHolders(tenant, current, attribute.name);
    if (holders.length === 0) continue;
    if (difference !== undefined) throw storedValues(current, attribute.name, difference, holders);
    removed.push(attribute);
  }
  if (removed.length > scimExtensionLimits.attributes) {
    throw new AppError(
      "limit-reached",
      `At most ${scimExtensionLimits.attributes} removed attributes can have stored values. Declare some again and remove their values.`,
      { field: "attributes" },
    );
  }
  return removed;
}

/** Returns what of an attribute changes so that stored values would not fit; undefined if they still do. */
function findIncompatibility(current: ScimExtensionAttribute, next: ScimExtensionAttribute): string | undefined {
  if (current.name !== next.name) return `its name from ${current.name} to ${next.name}`;
  for (const property of ["type", "multiValued", "caseExact"] as const) {
    if (current[property] !== next[property])
      return `${property} from ${String(current[property])} to ${String(next[property])}`;
  }
  if (next.indexed && !current.indexed) return "indexed from false to true";
  for (const subAttribute of current.subAttributes ?? []) {
    const successor = next.subAttributes?.find((each) => each.name === subAttribute.name);
    if (!successor) return `its sub-attribute ${subAttribute.name}, which is removed`;
    for (const property of ["type", "caseExact"] as const) {
      if (subAttribute[property] !== successor[property])
        return `${property} of its sub-attribute ${subAttribute.name} from ${String(subAttribute[property])} to ${String(successor[property])}`;
    }
  }
  return undefined;
}

function storedValues(
  { resourceType }: ScimExtension,
  attributeName: string,
  difference: string,
  blockers: readonly Blocker[],
): AppError {
  const holders = resourceType === "User" ? "users" : "groups";
  return new AppError(
    "referenced",
    `${attributeName} cannot change ${difference} while ${holders} have values of it. Remove the values first, or declare another attribute.`,
    { field: "attributes", blockers },
  );
}
