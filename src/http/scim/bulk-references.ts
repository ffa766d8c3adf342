import { AppError } from "../../errors.ts";
import { Tokens } from "./filter-tokens.ts";
import { isObject, type JsonObject, shown } from "./json.ts";
import { pathMax } from "./patch-message.ts";

/** What of an operation may refer to others by `bulkId:name` (RFC 7644 section 3.7.2): its path and its data. */
export interface Referring {
  readonly method: string;
  readonly id?: string;
  readonly data: JsonObject;
}

/** The id of what the operation with this bulkId creates. */
export type IdOf = (bulkId: string) => string;

const prefix = "bulkId:";

/** @throws AppError invalid-filter for a PATCH path whose texts cannot be told apart */
export function referencesOf({ method, id, data }: Referring): ReadonlySet<string> {
  const found = new Set<string>();
  const note: IdOf = (bulkId) => {
    found.add(bulkId);
    return "";
  };
  if (id !== undefined) idWith(id, note);
  dataWithIds({ method, data }, note);
  return found;
}

/** The id in an operation's path. @throws what `idOf` throws */
export function idWith(text: string, idOf: IdOf): string {
  return text.startsWith(prefix) ? idOf(text.slice(prefix.length)) : text;
}

/**
 * An operation's data with ids in place of references. A reference is a whole text, never a part of one; in the path
 * of a PATCH it is the whole value of a comparison.
 * @throws what `idOf` throws; AppError invalid-filter
 */
export function dataWithIds({ method, data }: Omit<Referring, "id">, idOf: IdOf): unknown {
  const operations = data["Operations"];
  if (method !== "PATCH" || !Array.isArray(operations)) return withIds(data, idOf);
  return { ...data, Operations: operations.map((operation: unknown) => patchOperationWithIds(operation, idOf)) };
}

function patchOperationWithIds(operation: unknown, idOf: IdOf): unknown {
  if (!isObject(operation)) return operation;
  const { path, value } = operation;
  return {
    ...operation,
    ...(typeof path === "string" && { path: pathWithIds(path, idOf) }),
    ...(value !== undefined && { value: withIds(value, idOf) }),
  };
}

/** Read by the words of the filter grammar, so that a value is what that takes for one. */
function pathWithIds(path: string, idOf: IdOf): string {
  if (path.length > pathMax) return path; // which the PATCH refuses unread
  const tokens = new Tokens(path);
  let text = "";
  let copied = 0;
  for (let token = tokens.take(); token.kind !== "end"; token = tokens.take()) {
    if (token.kind !== "text" || !token.value.startsWith(prefix)) continue;
    text += path.slice(copied, token.position) + JSON.stringify(idWith(token.value, idOf));
    copied = tokens.end;
  }
  return text + path.slice(copied);
}

/** Any JSON value with ids in place of references. @throws what `idOf` throws */
export function withIds(value: unknown, idOf: IdOf): unknown {
  if (typeof value === "string") return idWith(value, idOf);
  if (Array.isArray(value)) return value.map((each: unknown) => withIds(each, idOf));
  if (!isObject(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([name, each]) => [name, withIds(each, idOf)]));
}

/** @param known whether an operation was to create it */
export function notCreated(bulkId: string, known: boolean): AppError {
  const what = known ? "to what has not been created" : "to nothing that this request creates";
  return new AppError("unresolved-reference", `${shown(prefix + bulkId)} refers ${what}.`);
}
