import type { Token } from "../../../../schemas/token.ts";
import { AppError } from "../../../errors.ts";
import { tokens } from "../../../store/collections.ts";
import type { Condition } from "../../../store/query.ts";
import type { Transaction } from "../../../store/store.ts";
import { toTokenStatus } from "../status.ts";
import { toTokenCondition } from "../token-filter.ts";
import { isWithinAllowlist } from "../verify/allowlist.ts";

/**
 * Checks that another active token with full access remains, so that an organization cannot lock itself out. That token
 * must last as long and work from as many places: it depends on no other token, has no expiry unless this one has one,
 * and no address list unless this one has one. Increments `lockVersion` of that token to force a write conflict: of two
 * concurrent revocations that rely on each other's token, one is retried and then fails.
 * @param token as it is stored
 * @throws AppError last-all-token
 */
export async function assertNotLastFullAccess(tx: Transaction, token: Token): Promise<void> {
  if (!hasFullAccess(token) || toTokenStatus(token) !== "active") return;
  const collection = tx.for(token.organizationId).open(tokens);
  const activeCondition = toTokenCondition({ origin: "issued", status: "active" });
  const { items } = await collection.list({
    where: {
      op: "and",
      all: [
        ...(activeCondition ? [activeCondition] : []),
        { op: "ne", path: "id", value: token.id },
        { op: "or", all: [includesAllScope, isAbsent("scopes")] },
        isAbsent("parentId"),
        ...(token.expiresAt === undefined ? [isAbsent("expiresAt")] : []),
        ...(token.allowedIps === undefined ? [isAbsent("allowedIps")] : []),
      ],
    },
    limit: 1,
  });
  const [remaining] = items;
  if (remaining && (await collection.increment(remaining.id, { lockVersion: 1 }))) return;
  throw new AppError(
    "last-all-token",
    "This is the organization's last token with full access. Create another one first that has no expiry and no address list unless this one has, or repeat with force=true.",
  );
}

const isAbsent = (path: string): Condition => ({ op: "not", condition: { op: "present", path } });
const includesAllScope = { op: "some", path: "scopes", where: { op: "eq", path: "", value: "all" } } as const;

/**
 * Whether an update takes full access away from a token: now, later by an earlier expiry, or from some addresses by a
 * narrower list.
 */
export function losesLastingFullAccess(token: Token, next: Token): boolean {
  if (!next.enabled || !hasFullAccess(next)) return true;
  const [expiry, nextExpiry] = [toExpiryMs(token), toExpiryMs(next)];
  return nextExpiry < expiry || isNarrower(next.allowedIps, token.allowedIps);
}

const toExpiryMs = ({ expiresAt }: Token): number => (expiresAt === undefined ? Infinity : Date.parse(expiresAt));

/** Whether a list excludes an address that the other one allows. An absent list allows every address. */
function isNarrower(allowedIps: Token["allowedIps"], previous: Token["allowedIps"]): boolean {
  return allowedIps !== undefined && !isWithinAllowlist(previous, allowedIps);
}

/** Whether a token has full access. Records that are older than scopes do. */
export const hasFullAccess = ({ scopes }: Pick<Token, "scopes">): boolean => scopes?.includes("all") ?? true;
