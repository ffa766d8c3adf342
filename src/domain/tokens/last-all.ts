import type { Token } from "../../../schemas/token.ts";
import { AppError } from "../../errors.ts";
import type { Change } from "../../store/collection.ts";
import { tokens } from "../../store/collections.ts";
import { statusOf } from "./status.ts";
import { conditionOf } from "./token-filter.ts";

/**
 * Keeps an organisation from locking itself out: of the tokens that may do everything, one stays.
 * What stays is touched, so that of two that take each other for the one that stays, one is run again.
 * @param token as it is stored
 * @throws AppError last-all-token
 */
export async function assertNotLastAll(change: Change, token: Token): Promise<void> {
  if (!opensAll(token) || statusOf(token) !== "active") return;
  const open = change.for(token.organizationId).open(tokens);
  const active = conditionOf({ origin: "issued", status: "active" });
  const { items } = await open.list({
    where: {
      op: "and",
      all: [
        ...(active ? [active] : []),
        { op: "ne", path: "id", value: token.id },
        { op: "or", all: [isAll, { op: "not", condition: { op: "present", path: "scopes" } }] },
      ],
    },
    limit: 1,
  });
  const [other] = items;
  if (other && (await open.increment(other.id, { kept: 1 }))) return;
  throw new AppError(
    "last-all-token",
    "This is the organization's last token that may do everything. Make another first, or repeat with force=true.",
  );
}

const isAll = { op: "some", path: "scopes", where: { op: "eq", path: "", value: "all" } } as const;

/** Whether it may do everything; records that are older than scopes may. */
export const opensAll = ({ scopes }: Pick<Token, "scopes">): boolean => scopes?.includes("all") ?? true;
