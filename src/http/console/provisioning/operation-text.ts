import type { FailedOperation } from "../../../../schemas/audit-event.ts";

type Message = Readonly<Record<string, unknown>>;

/**
 * Describes a failed operation by its words in the logged body: `replace active` of a PATCH, or `POST /Users` of a bulk
 * request. Empty if the body has no such operation.
 */
export function describeOperation(
  body: unknown,
  { number, patchOperation }: Pick<FailedOperation, "number" | "patchOperation">,
): string {
  const operation = findOperation(body, number);
  const inner = patchOperation === undefined ? undefined : findOperation(readMember(operation, "data"), patchOperation);
  return [toWords(operation), toWords(inner)].filter((each) => each !== "").join(": ");
}

const findOperation = (body: unknown, number: number): unknown => {
  const operations = readMember(body, "operations");
  return Array.isArray(operations) ? operations[number - 1] : undefined;
};

const toWords = (operation: unknown): string =>
  [readMember(operation, "op") ?? readMember(operation, "method"), readMember(operation, "path")]
    .filter((each) => typeof each === "string")
    .join(" ");

/** Reads a member whose name clients send in any case (RFC 7643 section 2.1). */
function readMember(message: unknown, name: string): unknown {
  if (typeof message !== "object" || message === null) return undefined;
  const key = Object.keys(message).find((each) => each.toLowerCase() === name);
  return key === undefined ? undefined : (message as Message)[key];
}
