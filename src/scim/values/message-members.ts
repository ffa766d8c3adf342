import { AppError } from "../../errors.ts";
import type { JsonObject } from "./json.ts";

/**
 * Reads members of a SCIM message or operation by case-insensitive name (RFC 7643 section 2.1). Omits all others.
 * @param input the message
 * @param names the members, as the RFC spells them
 * @throws AppError invalid-request if a member appears in two spellings: the message contradicts itself
 */
export function readMessageMembers<Name extends string>(
  input: JsonObject,
  names: readonly Name[],
): Partial<Record<Name, unknown>> {
  const members: Partial<Record<Name, unknown>> = {};
  for (const [key, value] of Object.entries(input)) {
    // Most messages have the spelling of the RFC.
    const name = names.find((each) => each === key) ?? names.find((each) => each.toLowerCase() === key.toLowerCase());
    if (name === undefined) continue;
    if (Object.hasOwn(members, name))
      throw new AppError("invalid-request", `${name} appears more than once.`, { field: name });
    members[name] = value;
  }
  return members;
}
