import type { VNode } from "preact";
import type { Scope } from "../../../../schemas/token.ts";
import { expandScopes } from "../../../domain/tokens/scopes.ts";
import type { RenderedToken } from "../../api/resources/token-response.ts";
import { Time } from "../time.tsx";
import { findWarnings } from "./warnings.ts";

/** The status of a token, as a word with a color. */
export const Status = ({ status }: Pick<RenderedToken, "status">): VNode => (
  <span class={`status ${status}`}>{status}</span>
);

/** The scopes of a token. @param hasImplied whether those that they include are listed too */
export function Scopes({
  scopes,
  hasImplied = false,
}: {
  readonly scopes: readonly Scope[];
  readonly hasImplied?: boolean;
}): VNode {
  const implied = hasImplied ? [...expandScopes(scopes)].filter((scope) => !scopes.includes(scope)) : [];
  return (
    <ul class="chips">
      {scopes.map((scope) => (
        <li key={scope}>{scope}</li>
      ))}
      {implied.map((scope) => (
        <li key={scope} class="implied">
          {scope} <span class="muted">(included)</span>
        </li>
      ))}
    </ul>
  );
}

/** The warnings of a token; nothing without one. */
export function Warnings({ token }: { readonly token: RenderedToken }): VNode | null {
  const warnings = findWarnings(token);
  if (warnings.length === 0) return null;
  return (
    <ul class="warnings">
      {warnings.map((each) => (
        <li key={each}>{each}</li>
      ))}
    </ul>
  );
}

/** The last accepted request of a token. */
export const LastUse = ({ token: { lastUsedAt, lastUsedIp } }: { readonly token: RenderedToken }): VNode => (
  <>
    <Time at={lastUsedAt} absent="Never" />
    {lastUsedIp !== null && <span class="sub">from {lastUsedIp}</span>}
  </>
);
