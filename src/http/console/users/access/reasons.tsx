import type { VNode } from "preact";
import type { AccessExplanation, AccessThrough } from "../../../../../schemas/access.ts";
import { toResourceUrl } from "../../target-path.ts";

/** Why a resource is granted or denied: the assignments and the policies that apply to the user. */
export function Reasons({
  base,
  explanation: { ownerId, assignments, policies },
}: {
  readonly base: string;
  readonly explanation: Pick<AccessExplanation, "ownerId" | "assignments" | "policies">;
}): VNode {
  return (
    <ul class="reasons">
      {ownerId !== undefined && <li>Owned by the user</li>}
      {assignments.map((each, at) => (
        <li key={at}>
          Assigned <Through base={base} through={each} />
        </li>
      ))}
      {policies.map(({ id, slug, name, effect, through }) => (
        <li key={id}>
          Policy <a href={toResourceUrl(base, "policy", id)}>{name}</a> <code>{slug}</code>{" "}
          {effect === "deny" ? "denies" : "allows"} it <Through base={base} through={through} />
        </li>
      ))}
    </ul>
  );
}

/** How an assignment or a policy includes the user. A path of groups begins at the group of the user. */
function Through({ base, through }: { readonly base: string; readonly through: AccessThrough }): VNode {
  if (through.by === "everyone") return <>to everyone</>;
  if (through.by === "user") return <>to the user</>;
  return (
    <>
      through{" "}
      {through.path.map(({ id, displayName }, at) => (
        <>
          {at > 0 && " in "}
          <a key={id} href={`${base}/groups/${id}`}>
            {displayName ?? id}
          </a>
        </>
      ))}
    </>
  );
}
