import type { VNode } from "preact";
import type { Actor } from "../../../../schemas/audit-event.ts";
import type { Caller } from "../../../domain/caller.ts";
import type { PageOptions } from "../options.ts";
import { toActorName } from "../page.tsx";

/** Returns who changed a user or group last; undefined if the audit log has no event of it any more. */
export async function readLastChange(
  { services }: PageOptions,
  { organizationId }: Caller,
  targetId: string,
): Promise<Actor | undefined> {
  const { items } = await services.auditEvents.list(organizationId, { targetId, outcome: "success" }, { limit: 1 });
  return items[0]?.actor;
}

/** Who changed it, with a link to the token if the session can see it. */
export function ChangedBy({
  base,
  caller,
  actor,
}: {
  readonly base: string;
  readonly caller: Caller;
  readonly actor: Actor | undefined;
}): VNode | null {
  if (!actor) return null;
  const name = toActorName(actor);
  const isLink = actor.type === "token" && actor.id !== undefined && caller.scopes.has("admin:tokens");
  return <span class="sub">by {isLink ? <a href={`${base}/tokens/${actor.id}`}>{name}</a> : name}</span>;
}
