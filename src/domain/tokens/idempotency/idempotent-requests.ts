import { createHash, randomBytes } from "node:crypto";
import { AppError } from "../../../errors.ts";
import { type IdempotencyRecord, idempotencyKeys } from "../../../store/collections.ts";
import type { Transaction } from "../../../store/store.ts";
import type { Caller } from "../../caller.ts";
import { newEntity } from "../../entity.ts";

/** A request that the client may send again, as the API received it. */
export interface IdempotentRequest {
  /** The value of `Idempotency-Key`. */
  readonly key: string;
  /** The credential of the caller, as it was presented. */
  readonly credential: string;
  /** The body of the request. The same key with another body is an error. */
  readonly body: unknown;
  /** The user as whom the request acts, if it does. */
  readonly userId?: string | undefined;
}

/** How long a request can be repeated, in milliseconds. The sweep of the retention removes older records. */
const validMs = 86_400_000;
const saltBytes = 32;

/**
 * Finds the record of an earlier request with this key. Keys of different callers and operations are independent.
 * @param operation with the resource that it changes: `create`, or `rotate` and the id of the token
 * @returns undefined if the key is new, or older than 24 hours
 * @throws AppError idempotency-key-reused if the earlier request had another body
 */
export async function findIdempotencyRecord(
  tx: Transaction,
  caller: Caller,
  operation: string,
  request: IdempotentRequest,
): Promise<IdempotencyRecord | undefined> {
  const writer = tx.for(caller.organizationId).open(idempotencyKeys);
  const value = toKeyHash(caller, operation, request);
  const [record] = (await writer.list({ where: { op: "eq", path: "keyHash", value }, limit: 1 })).items;
  if (!record) return undefined;
  if (Date.parse(record.createdAt) <= Date.now() - validMs) {
    await writer.remove(record.id, "any");
    return undefined;
  }
  if (record.bodyHash === toBodyHash(request)) return record;
  throw new AppError(
    "idempotency-key-reused",
    "This Idempotency-Key was used with another body. Send the same body, or a new key for another request.",
  );
}

/** Creates the record of a request, with the salt that its secret is derived with. It is inserted with its token. */
export function newIdempotencyRecord(
  caller: Caller,
  operation: string,
  request: IdempotentRequest,
): Omit<IdempotencyRecord, "tokenId"> {
  return {
    ...newEntity("idk", caller.organizationId),
    keyHash: toKeyHash(caller, operation, request),
    bodyHash: toBodyHash(request),
    salt: randomBytes(saltBytes).toString("base64url"),
  };
}

/** Two requests with the same key that run at the same time have a conflict here, and the later one runs again. */
export function insertIdempotencyRecord(tx: Transaction, record: IdempotencyRecord): Promise<void> {
  return tx.for(record.organizationId).open(idempotencyKeys).insert(record);
}

/** A key is valid for one credential, so that no caller can learn or block what another one does. */
function toKeyHash({ actor }: Caller, operation: string, { key, userId }: IdempotentRequest): string {
  const id = "id" in actor ? actor.id : undefined;
  return hash([actor.type, id, userId, operation, key]);
}

const toBodyHash = ({ body }: IdempotentRequest): string => hash(body);

const hash = (value: unknown): string => createHash("sha256").update(JSON.stringify(value)).digest("base64url");
