import { AppError } from "../../errors.ts";
import { comparisonsIn } from "./filter-syntax.ts";
import { isObject, type JsonObject } from "./json.ts";
import { type AimedChange, nonEmpty, partsSaid, withPart, withParts } from "./patch-complex.ts";
import { elementsAfter } from "./patch-elements.ts";
import { changesOf, type PatchChange, type PatchOperation } from "./patch-message.ts";
import { changesNothing, targetOf } from "./patch-target.ts";
import { userSchema } from "./schema.ts";
import type { Attribute } from "./scimmy.ts";
import { valueFrom } from "./validate.ts";

/**
 * The attributes of a user after the operations of a PATCH (RFC 7644 section 3.5.2), all of them or none. What is not
 * spoken of stays as it is; whether the result is a user as a whole is for the check of inbound users to say.
 * @param id of the user; saying it again changes nothing
 * @param attributes under the names of the schema, those of an extension under its URN; left as they are
 * @throws AppError invalid-path; invalid-filter; invalid-request; invalid-value; mutability; no-target; too-large
 */
export function patchedUser(
  id: string,
  attributes: JsonObject,
  operations: readonly PatchOperation[],
): Record<string, unknown> {
  const changes = operations.flatMap(changesOf).flatMap(aimed);
  if (changes.length > changesMax) {
    throw new AppError("too-large", `The operations say more than ${changesMax} things of one user.`);
  }
  const comparisons = changes.flatMap(({ target }) => (target.filter ? [...comparisonsIn(target.filter)] : []));
  if (comparisons.length > comparisonsMax) {
    throw new AppError("too-large", `The paths hold more than ${comparisonsMax} comparisons.`);
  }
  const effective = changes.filter((change) => !changesNothing(id, change, change.target));
  return { ...effective.reduce(userAfter, attributes) };
}

/** Far more than anybody has attributes; each may have to go through all elements of a list. */
const changesMax = 200;
/** In the value paths of all changes together, since each may have to look at all elements of a list. */
const comparisonsMax = 1000;

/** A change with what its path names. One of an extension as a whole is one of each attribute that it speaks of. */
function aimed(change: PatchChange): readonly AimedChange[] {
  const { op, path, value } = change;
  const target = targetOf(userSchema, path);
  const isOfElements = target.attribute?.multiValued === true && !target.filter;
  if (op === "remove" && !isOfElements && value !== undefined && value !== null) {
    const why = "remove with a value takes these elements of a list; this path names what is to go by itself";
    throw new AppError("invalid-value", `${why}.`, { field: "Operations.value" });
  }
  if (target.attribute || op === "remove") return [{ ...change, target }];
  if (value === null) return [{ op: "remove", path, target }];
  const urn = target.extension?.urn ?? path;
  if (!isObject(value)) throw new AppError("invalid-value", `${urn} must be an object.`, { field: urn });
  return changesOf({ op, value }).flatMap((each) => aimed({ ...each, path: `${urn}:${each.path}` }));
}

function userAfter(user: JsonObject, change: AimedChange): JsonObject {
  const { extension, attribute } = change.target;
  if (!extension) return attribute ? holderAfter(user, attribute, change) : user;
  const holder = user[extension.urn];
  const after = attribute && nonEmpty(holderAfter(isObject(holder) ? holder : {}, attribute, change));
  return withPart(user, extension.urn, after);
}

/** The object that holds the attribute, a user or an extension, after the change. */
function holderAfter(holder: JsonObject, attribute: Attribute, change: AimedChange): JsonObject {
  const after = valueAfter(attribute, holder[attribute.name], change);
  if (after === undefined) assertRemovable(attribute);
  return withPart(holder, attribute.name, after);
}

function valueAfter(attribute: Attribute, present: unknown, change: AimedChange): unknown {
  if (attribute.multiValued) {
    const elements = elementsAfter(attribute, Array.isArray(present) ? present : [], change);
    return elements.length > 0 ? elements : undefined;
  }
  if (attribute.type === "complex") {
    const parts = partsSaid(attribute, change);
    return parts && nonEmpty(withParts(isObject(present) ? present : {}, parts));
  }
  return change.op === "remove" ? undefined : valueFrom(attribute, change.value);
}

/** @throws AppError mutability for what a user always has */
function assertRemovable({ name, required }: Attribute): void {
  if (required) throw new AppError("mutability", `${name} is required.`, { field: name });
  if (name === "active") throw new AppError("mutability", "active is true or false.", { field: name });
}
