/** The rules of the catalog and the policies, including those of rendered Markdown. */
export const catalogRules = `.tabs { border-bottom: 1px solid var(--line); display: flex; flex-wrap: wrap; gap: 0 1.25rem; margin-bottom: 1rem; }
.tabs a { padding: 0.4rem 0; text-decoration: none; }
.tabs [aria-current] { border-bottom: 3px solid var(--accent); color: inherit; font-weight: 600; }
h3 { font-size: 1rem; margin: 1.25rem 0 0.5rem; }
.lines { white-space: pre-wrap; }
.referrers { margin: 0; padding-left: 1.25rem; }
.referrers li { overflow-wrap: anywhere; }
.stored { display: block; white-space: pre-wrap; }
.effect, .risk { border-radius: 0.3rem; font-size: 0.85rem; font-weight: 600; padding: 0.05rem 0.45rem; }
.effect.allow, .risk.read { background: var(--chip); color: var(--good); }
.risk.write { background: var(--warn-soft); color: var(--warn); }
.effect.deny, .risk.destructive { background: var(--danger); color: var(--on-danger); }
.chips .effect { font-size: 0.8rem; padding: 0 0.3rem; }
.matches { margin: 0.75rem 0; }
#matches { margin-bottom: 1.75rem; }
.by-risk table { table-layout: fixed; }
form:not(:has(#transport-http:checked)) .for-http, form:not(:has(#transport-stdio:checked)) .for-stdio,
form:not(:has(#authType-apiKey:checked)) .for-api-key, form:not(:has(#authType-oauth2:checked)) .for-oauth2 { display: none; }
.for-http .field, .for-stdio .field, .for-api-key .field, .for-oauth2 .field, fieldset > .field:has(textarea) { max-width: 40rem; }
.markdown, .source, .difference { background: var(--card); border: 1px solid var(--line); border-radius: 0.5rem; margin: 0 0 1rem; max-width: 52rem; overflow-wrap: anywhere; padding: 0.9rem 1.1rem; }
.source, .markdown pre, .difference { overflow-x: auto; white-space: pre-wrap; }
.markdown > :first-child { margin-top: 0; }
.markdown > :last-child { margin-bottom: 0; }
.markdown pre { background: var(--page); border-radius: 0.4rem; padding: 0.6rem 0.8rem; }
.markdown blockquote { border-left: 4px solid var(--line); color: var(--muted); margin: 0 0 1rem; padding-left: 1rem; }
.markdown table { margin: 0 0 1rem; }
.markdown th, .markdown td { padding: 0.35rem 0.45rem; white-space: normal; }
.markdown hr { border: 0; border-top: 1px solid var(--line); }
.difference { font-family: ui-monospace, monospace; font-size: 0.85rem; margin: 0.25rem 0 0.75rem; padding: 0.5rem 0; }
.difference > * { display: block; padding: 0 0.8rem 0 1.6rem; text-decoration: none; text-indent: -0.8rem; }
.difference ins { background: light-dark(#e3f6e8, #16321f); }
.difference del { background: light-dark(#fde7e7, #421a1d); }
.difference span { color: var(--muted); }
.change { background: var(--card); border: 1px solid var(--line); border-radius: 0.5rem; margin-bottom: 1rem; max-width: 60rem; padding: 0.75rem 1rem; }
.change .choice { padding: 0; }
.change p { margin: 0.5rem 0 0.25rem; }
`;
