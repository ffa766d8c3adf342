import type { Policy } from "../../../schemas/policy.ts";
import { canMatchTool } from "../../../schemas/tool-pattern.ts";
import { AppError } from "../../errors.ts";
import { pages } from "../../store/paging/pages.ts";
import type { SizeLimit } from "../../store/query.ts";
import type { Transaction } from "../../store/store.ts";
import { recordAuditEvent } from "../audit/record.ts";
import type { Caller } from "../caller.ts";
import { nextVersion } from "../entity.ts";
import { countContent, defaultContentLimits } from "./content-quota.ts";
import { type Blocker, refersTo, toReferencedError } from "./references.ts";
import { type CatalogResource, type ReferenceTarget, toReferenceKey } from "./resource.ts";
import {
  type CatalogResourceType,
  collectReferences,
  commandType,
  mcpServerType,
  policyType,
  skillType,
  toolkitType,
  toResourceContent,
  withLookup,
} from "./resource-types.ts";

/** Most resources that one deletion changes, so that its transaction stays small. */
const detachedMax = 200;
const pageSize = 20;
const sizeLimit: SizeLimit = { lengthMax: 1_000_000, firstBatch: 2 };

/**
 * Removes every reference to a resource, in the transaction that deletes it, with an audit event for each changed
 * resource. A policy blocks the deletion if it would apply to other tools without the reference.
 * @param title the type of the deleted resource in messages
 * @throws AppError referenced, with the policies that block the deletion, or if more than 200 resources refer to it
 */
export async function detachReferences(
  transaction: Transaction,
  caller: Caller,
  target: ReferenceTarget,
  title: string,
): Promise<void> {
  const blockers: Blocker[] = [];
  let count = 0;
  await detachFrom(toolkitType);
  await detachFrom(mcpServerType);
  await detachFrom(skillType);
  await detachFrom(commandType);
  await detachFrom(policyType);
  if (blockers.length > 0)
    throw toReferencedError(
      blockers,
      title,
      "Without the reference it would apply to other tools. Change or delete it first.",
    );

  async function detachFrom<T extends CatalogResource>(resourceType: CatalogResourceType<T>): Promise<void> {
    const { name: type, collection } = resourceType;
    const writer = transaction.for(caller.organizationId).open(collection);
    for await (const page of pages(writer, { where: refersTo(target), limit: pageSize, sizeLimit })) {
      for (const current of page) {
        if (++count > detachedMax)
          throw new AppError(
            "referenced",
            `More than ${detachedMax} resources refer to the ${title}. Remove some of the references first.`,
          );
        const next = { ...removeReferences(current, resourceType, target), ...nextVersion(current) };
        if (type === "policy" && target.kind === "mcp-server" && !keepsMeaning(next as unknown as Policy)) {
          blockers.push({ type, id: current.id, slug: current.slug, name: current.name });
          continue;
        }
        await countContent(
          transaction.for(caller.organizationId),
          { ownerId: undefined, before: current, after: next },
          defaultContentLimits, // the resource only becomes shorter
        );
        await writer.replace(withLookup(next, resourceType), current.version);
        await recordAuditEvent(transaction, caller.organizationId, caller, {
          action: `${type}.update`,
          target: { type, id: current.id },
          before: toResourceContent(current),
          after: toResourceContent(next),
          details: { detached: toReferenceKey(target) },
        });
      }
    }
  }
}

/** Removes the list elements with the references, the last one first, so that the positions of the others stay. */
function removeReferences<T extends CatalogResource>(
  resource: T,
  resourceType: CatalogResourceType<T>,
  { kind, name }: ReferenceTarget,
): T {
  const next = structuredClone(resource);
  const references = collectReferences(resource, resourceType).filter(
    (each) => each.kind === kind && each.name === name,
  );
  for (const { pointer } of references.toReversed()) {
    const path = pointer.split("/").slice(1);
    const at = path.findIndex((segment) => /^\d+$/.test(segment));
    const list = path.slice(0, at).reduce<unknown>((value, key) => (value as Record<string, unknown>)[key], next);
    (list as unknown[]).splice(Number(path[at]), 1);
  }
  return next;
}

/**
 * Whether the tool patterns of a policy without one of its servers still mean tools of its servers: without any server they
 * would mean those of all. No other reference changes what a policy applies to: without subjects it applies to no user.
 */
function keepsMeaning({ resources: { tools, mcpServers } }: Policy): boolean {
  return tools.every((pattern) => mcpServers.some((server) => canMatchTool(pattern, server)));
}
