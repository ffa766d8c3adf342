import { createHmac, randomBytes, timingSafeEqual } from "node:crypto";
import { AppError } from "../../errors.ts";

/** The user and MCP server that a state is issued for. */
export interface StateSubject {
  readonly organizationId: string;
  readonly userId: string;
  readonly mcpServerId: string;
}

const stateLifetimeMs = 10 * 60_000;
const nonceBytes = 16;
const expiryBytes = 6;
const macBytes = 32;

/**
 * Issues the `state` of an authorization request (RFC 6749 section 10.12): a nonce, the expiry, and a MAC over both and
 * over the subject. The service does not store it, and it reveals nothing about the subject.
 * @param now in milliseconds since 1970
 */
export function issueState(
  key: Buffer,
  subject: StateSubject,
  now = Date.now(),
): { readonly state: string; readonly expiresAt: Date } {
  const expiresAt = new Date(now + stateLifetimeMs);
  const payload = Buffer.alloc(nonceBytes + expiryBytes);
  randomBytes(nonceBytes).copy(payload);
  payload.writeUIntBE(expiresAt.getTime(), nonceBytes, expiryBytes);
  return { state: Buffer.concat([payload, computeMac(key, subject, payload)]).toString("base64url"), expiresAt };
}

/** Whether a state was issued for this subject and has not expired. @param now in milliseconds since 1970 */
export function isValidState(state: string, key: Buffer, subject: StateSubject, now = Date.now()): boolean {
  if (!stateFormat.test(state)) return false;
  const bytes = Buffer.from(state, "base64url");
  const payload = bytes.subarray(0, -macBytes);
  const isMacValid = timingSafeEqual(bytes.subarray(-macBytes), computeMac(key, subject, payload));
  return isMacValid && now < payload.readUIntBE(nonceBytes, expiryBytes);
}

/** The error for every state that cannot be used. It does not state which cause it is. */
export function invalidState(): AppError {
  const detail = "state was not issued for this user and MCP server, or has expired. Request a new auth URL.";
  return new AppError("invalid-value", detail, { field: "state" });
}

/**
 * This number of characters encodes the bytes without padding bits, so that no two strings decode to the same state.
 */
const stateFormat = new RegExp(`^[A-Za-z0-9_-]{${((nonceBytes + expiryBytes + macBytes) * 4) / 3}}$`);

function computeMac(key: Buffer, { organizationId, userId, mcpServerId }: StateSubject, payload: Buffer): Buffer {
  const subjectJson = JSON.stringify([organizationId, userId, mcpServerId]);
  return createHmac("sha256", key).update(payload).update(subjectJson).digest();
}
