import { pathLengthMax } from "../patch/message.ts";
import { type ResourceSchema, resolveAttributePath } from "../schema/resource-schema.ts";
import { isObject } from "./json.ts";

/** A request that changes or deletes one resource. */
export interface ChangeRequest {
  readonly method: "PUT" | "PATCH" | "DELETE";
  /** Not validated: the request may have been rejected because of it. */
  readonly body: unknown;
}

/**
 * Returns whether a request would end access: would delete a user or group, deactivate a user, or remove
 * members of a group. It reads the request as generously as possible, because it is about requests that were rejected.
 * A PUT of a group counts: it removes the members that it does not contain.
 */
export function requestsRemoval({ method, body }: ChangeRequest, schema: ResourceSchema): boolean {
  if (method === "DELETE") return true;
  if (method === "PUT") return schema.type === "Group" || deactivates(body, schema);
  return listOperations(body).some((operation) => {
    const op = String(readKey(operation, "op")).toLowerCase();
    const path = readKey(operation, "path");
    const value = readKey(operation, "value");
    if (typeof path !== "string" || path === "") {
      return schema.type === "Group"
        ? op !== "add" && containsKey(value, (key) => targets(schema, key, "members"))
        : op !== "remove" && deactivates(value, schema);
    }
    if (schema.type === "Group") return op !== "add" && targets(schema, path, "members");
    return targets(schema, path, "active") && (op === "remove" || !isTrue(value));
  });
}

/** A request has at most 1,000 operations. */
const operationsMax = 1000;

function listOperations(body: unknown): readonly unknown[] {
  const operations = readKey(body, "Operations");
  return (Array.isArray(operations) ? operations : [operations]).slice(0, operationsMax);
}

/** Whether an object sets `active` to anything but true, also inside the URN of the core schema. */
function deactivates(body: unknown, schema: ResourceSchema): boolean {
  return listObjects(body).some((object) =>
    Object.entries(object).some(
      ([key, value]) =>
        (targets(schema, key, "active") && !isTrue(value)) ||
        (key.toLowerCase() === schema.urn.toLowerCase() &&
          listObjects(value).some((inner) =>
            Object.entries(inner).some(([name, each]) => targets(schema, name, "active") && !isTrue(each)),
          )),
    ),
  );
}

const containsKey = (value: unknown, matches: (key: string) => boolean): boolean =>
  listObjects(value).some((object) => Object.keys(object).some(matches));

const listObjects = (value: unknown): readonly Readonly<Record<string, unknown>>[] =>
  (Array.isArray(value) ? value : [value]).filter(isObject);

function targets(schema: ResourceSchema, path: string, name: "active" | "members"): boolean {
  if (path.length > pathLengthMax) return false;
  const reference = resolveAttributePath(schema, (path.split("[", 1)[0] ?? "").trim());
  return reference?.attribute?.name === name && !reference.extension;
}

function isTrue(value: unknown): boolean {
  const single: unknown = Array.isArray(value) && value.length === 1 ? value[0] : value;
  const inner = isObject(single) ? readKey(single, "value") : single;
  return inner === true || (typeof inner === "string" && inner.trim().toLowerCase() === "true");
}

function readKey(value: unknown, name: string): unknown {
  if (!isObject(value)) return undefined;
  const key = Object.keys(value).find((each) => each.toLowerCase() === name.toLowerCase());
  return key === undefined ? undefined : value[key];
}
