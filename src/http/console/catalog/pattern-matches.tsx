import type { VNode } from "preact";
import type { Policy } from "../../../../schemas/policy.ts";
import type { PatternPreview } from "../../../domain/access/tool-matches.ts";
import { toResourceUrl } from "../target-path.ts";

/** The tools of the catalog that the patterns of a policy match now. */
export function PatternMatches({
  base,
  preview: { servers, matchCount, comparedServers, isPartial },
  effect,
}: {
  readonly base: string;
  readonly preview: PatternPreview;
  readonly effect: Policy["effect"];
}): VNode {
  return (
    <section id="matches" aria-labelledby="matches-heading" tabIndex={-1}>
      <h2 id="matches-heading">Matching tools</h2>
      <p>
        {matchCount === 0 ? "No tool" : `${matchCount} ${matchCount === 1 ? "tool" : "tools"}`} of {comparedServers}{" "}
        compared {comparedServers === 1 ? "server" : "servers"} {matchCount === 1 ? "matches" : "match"} the patterns,
        and {matchCount === 1 ? "is" : "are"} {effect === "deny" ? "denied" : "allowed"}.
        {isPartial && " The catalog has more servers than were compared."}
      </p>
      {servers.map(({ server, tools }) => (
        <div key={server.id} class="matches">
          <a href={toResourceUrl(base, "mcp-server", server.id)}>{server.name}</a>
          <ul class="chips">
            {tools.map(({ name, risk }) => (
              <li key={name}>
                <code>{name}</code> <span class="muted">{risk}</span>
              </li>
            ))}
          </ul>
        </div>
      ))}
      {matchCount > shownCount(servers) && <p class="muted">Only the first {shownCount(servers)} are shown.</p>}
    </section>
  );
}

const shownCount = (servers: PatternPreview["servers"]): number =>
  servers.reduce((count, { tools }) => count + tools.length, 0);
