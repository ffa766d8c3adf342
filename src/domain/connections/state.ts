import { createHmac, randomBytes, timingSafeEqual } from "node:crypto";

/** Who may come back with a state, and from where. */
export interface StateSubject {
  readonly organizationId: string;
  readonly userId: string;
  readonly mcpServerId: string;
}

const stateMs = 10 * 60_000;
const nonceBytes = 16;
const timeBytes = 6;
const macBytes = 32;

/**
 * The `state` of an authorization request (RFC 6749 section 10.12): a nonce, the end of its time, and a MAC over both
 * and over the subject. Nothing of it is kept, and whoever sees it on its way learns nothing of the subject.
 */
export function issueState(
  key: Buffer,
  subject: StateSubject,
  now = Date.now(),
): { readonly state: string; readonly expiresAt: Date } {
  const expiresAt = new Date(now + stateMs);
  const head = Buffer.alloc(nonceBytes + timeBytes);
  randomBytes(nonceBytes).copy(head);
  head.writeUIntBE(expiresAt.getTime(), nonceBytes, timeBytes);
  return { state: Buffer.concat([head, macOf(key, subject, head)]).toString("base64url"), expiresAt };
}

/** Whether a state was issued for this subject, and its time is not over. */
export function isStateOf(state: string, key: Buffer, subject: StateSubject, now = Date.now()): boolean {
  if (!form.test(state)) return false;
  const bytes = Buffer.from(state, "base64url");
  const head = bytes.subarray(0, -macBytes);
  const isGenuine = timingSafeEqual(bytes.subarray(-macBytes), macOf(key, subject, head));
  return isGenuine && now < head.readUIntBE(nonceBytes, timeBytes);
}

/** So many characters are exactly the bytes: no two texts stand for the same. */
const form = new RegExp(`^[A-Za-z0-9_-]{${((nonceBytes + timeBytes + macBytes) * 4) / 3}}$`);

function macOf(key: Buffer, { organizationId, userId, mcpServerId }: StateSubject, head: Buffer): Buffer {
  const text = JSON.stringify([organizationId, userId, mcpServerId]);
  return createHmac("sha256", key).update(head).update(text).digest();
}
