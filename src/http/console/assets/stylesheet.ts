import { type Scope, scope as scopeSchema, tokenType } from "../../../../schemas/token.ts";
import { allowedScopes, expandScopes } from "../../../domain/tokens/scopes.ts";
import { catalogRules } from "./catalog-rules.ts";

const toClass = (scope: Scope): string => `.is-${scope.replace(":", "-")}`;

/** Shows, in the form of a new token, which scopes a checked scope includes, and which the checked type cannot have. */
const scopeRules = [
  ...scopeSchema.options.flatMap((scope) =>
    [...expandScopes([scope])]
      .filter((each) => each !== scope)
      .map((each) => `form:has(#scope-${scope.replace(":", "-")}:checked) ${toClass(each)} .included`),
  ),
  ...tokenType.options.flatMap((type) =>
    scopeSchema.options
      .filter((scope) => !allowedScopes[type].includes(scope))
      .map((scope) => `form:has(#type-${type}:checked) ${toClass(scope)} .unavailable`),
  ),
].join(",\n");

/** The stylesheet of the console, for light and dark color schemes, print and small screens. */
export const consoleStylesheet = `:root {
  color-scheme: light dark;
  --text: light-dark(#171b22, #e8eaee);
  --muted: light-dark(#565f6d, #a4adba);
  --page: light-dark(#f5f6f9, #14171c);
  --card: light-dark(#ffffff, #1d2129);
  --line: light-dark(#d6dae1, #363c48);
  --accent: light-dark(#1d4ed8, #8ab4ff);
  --on-accent: light-dark(#ffffff, #0c1a33);
  --danger: light-dark(#b3121d, #ff9c9c);
  --on-danger: light-dark(#ffffff, #3a0508);
  --good: light-dark(#116329, #7bd88f);
  --warn: light-dark(#7a4b00, #f2c56b);
  --warn-soft: light-dark(#fff4dc, #352a12);
  --chip: light-dark(#e8ecf4, #2b313c);
}
* { box-sizing: border-box; }
html { -webkit-text-size-adjust: 100%; }
body { background: var(--page); color: var(--text); font: 1rem/1.5 system-ui, sans-serif; margin: 0; }
a { color: var(--accent); }
:focus-visible { outline: 3px solid var(--accent); outline-offset: 2px; }
main:focus { outline: none; }
h1 { font-size: 1.6rem; line-height: 1.25; margin: 0.25rem 0 1rem; overflow-wrap: anywhere; }
h2 { font-size: 1.15rem; margin: 1.5rem 0 0.5rem; }
code, pre { font-family: ui-monospace, monospace; font-size: 0.9em; overflow-wrap: anywhere; }
.skip { background: var(--card); left: 0.5rem; padding: 0.5rem 1rem; position: absolute; top: -5rem; z-index: 1; }
.skip:focus { top: 0.5rem; }
.hidden { clip-path: inset(50%); height: 1px; overflow: hidden; position: absolute; white-space: nowrap; width: 1px; }
.muted { color: var(--muted); }
time { white-space: nowrap; }
td time { white-space: normal; }
.sub { color: var(--muted); display: block; font-size: 0.85rem; overflow-wrap: anywhere; }

.bar { align-items: center; background: var(--card); border-bottom: 1px solid var(--line); display: flex; flex-wrap: wrap; gap: 0.5rem 1.25rem; padding: 0.6rem 1.5rem; }
.bar p { margin: 0; overflow-wrap: anywhere; }
.bar .identity { margin-left: auto; max-width: 24rem; }
.bar nav { display: flex; flex-wrap: wrap; gap: 0 1rem; }
.bar a { padding: 0.25rem 0; white-space: nowrap; }
.brand { color: inherit; font-weight: 700; text-decoration: none; }
main { margin: 0 auto; max-width: 84rem; padding: 1.5rem; }
.narrow { margin: 3rem auto; max-width: 26rem; }
.heading { align-items: center; display: flex; flex-wrap: wrap; gap: 0.5rem 1rem; }
.heading h1 { margin-bottom: 0.5rem; }
.heading .button { margin-left: auto; }
.trail { margin: 0 0 0.25rem; overflow-wrap: anywhere; }

button, .button { background: var(--accent); border: 1px solid transparent; border-radius: 0.4rem; color: var(--on-accent); cursor: pointer; display: inline-block; font: inherit; font-weight: 600; line-height: 1.25; padding: 0.55rem 1rem; text-decoration: none; }
.secondary, .quiet { background: var(--card); border-color: var(--line); color: var(--text); }
.quiet { padding: 0.3rem 0.7rem; }
.danger { background: var(--danger); color: var(--on-danger); }
.actions { align-items: center; display: flex; flex-wrap: wrap; gap: 0.75rem; margin: 1.25rem 0; }

.notice { background: var(--warn-soft); border-left: 4px solid var(--warn); border-radius: 0.25rem; margin: 1rem 0; max-width: 52rem; overflow-wrap: anywhere; padding: 0.75rem 1rem; }
.notice p { margin: 0; }
.notice ul { margin: 0.25rem 0 0; padding-left: 1.25rem; }
.notice.error { border-color: var(--danger); }
p.error { color: var(--danger); margin: 0.35rem 0 0; }
.empty { background: var(--card); border: 1px dashed var(--line); border-radius: 0.5rem; padding: 2rem; text-align: center; }

form .field { margin: 0 0 1.1rem; max-width: 40rem; }
label, legend { font-weight: 600; }
.hint { color: var(--muted); font-size: 0.9rem; margin: 0.25rem 0 0; }
input:not([type="radio"], [type="checkbox"]), select, textarea { background: var(--card); border: 1px solid var(--muted); border-radius: 0.4rem; color: inherit; display: block; font: inherit; margin-top: 0.25rem; min-height: 2.75rem; padding: 0.5rem 0.6rem; width: 100%; }
textarea { font-family: ui-monospace, monospace; font-size: 0.9rem; }
:is(input, select, textarea)[aria-invalid] { border-color: var(--danger); border-width: 2px; }
fieldset { background: var(--card); border: 1px solid var(--line); border-radius: 0.5rem; margin: 0 0 1.25rem; max-width: 52rem; padding: 0.5rem 1rem 1rem; }
fieldset .field { margin: 0.5rem 0 0 1.6rem; max-width: 14rem; }
.roles .field { margin: 0.5rem 0 0; max-width: none; }
.choice { column-gap: 0.6rem; display: grid; grid-template-columns: 1rem 1fr; padding: 0.3rem 0; }
.choice input { accent-color: var(--accent); height: 1rem; margin: 0.3rem 0 0; width: 1rem; }
.choice label { font-weight: 400; }
.choice:has(.hint) label { font-weight: 600; }
.choice .hint { grid-column: 2; margin: 0; }
.mark { border-radius: 0.25rem; display: none; font-size: 0.8rem; font-weight: 400; margin-left: 0.4rem; padding: 0 0.4rem; }
.mark.included { background: var(--chip); }
.mark.unavailable { background: var(--warn-soft); color: var(--warn); }
${scopeRules} { display: inline-block; }
details { margin: 0 0 1.25rem; }
summary { cursor: pointer; font-weight: 600; margin-bottom: 0.75rem; }
.filters { align-items: end; display: flex; flex-wrap: wrap; gap: 0.75rem; margin: 0 0 1.25rem; }
.filters .field { margin: 0; min-width: 10rem; }
.filters button { min-height: 2.75rem; }
.filters.add { align-items: start; }
.filters.add button { margin-top: 1.75rem; }
fieldset.wide .field { margin-left: 0; max-width: 30rem; }

table { background: var(--card); border: 1px solid var(--line); border-collapse: collapse; border-radius: 0.5rem; width: 100%; }
th, td { border-bottom: 1px solid var(--line); padding: 0.6rem 0.75rem; text-align: left; vertical-align: top; }
thead th { color: var(--muted); font-size: 0.85rem; white-space: nowrap; }
tbody th { font-weight: 600; max-width: 18rem; min-width: 10rem; overflow-wrap: anywhere; }
tbody th code { font-weight: 400; white-space: nowrap; }
tbody tr:last-child > * { border-bottom: 0; }
td { font-size: 0.9rem; }
td[data-label="Type"] { min-width: 7rem; }
.number { font-variant-numeric: tabular-nums; text-align: right; }
.pages { display: flex; gap: 1.5rem; margin-top: 1rem; }

.chips, .warnings { display: flex; flex-wrap: wrap; gap: 0.3rem; list-style: none; margin: 0; padding: 0; }
.chips li { background: var(--chip); border-radius: 0.3rem; font-size: 0.85rem; overflow-wrap: anywhere; padding: 0 0.45rem; }
.chips .implied { background: none; border: 1px dashed var(--line); }
.warnings { margin: 0.25rem 0; }
.warnings li { background: var(--warn-soft); border-radius: 0.3rem; color: var(--warn); font-size: 0.85rem; padding: 0 0.45rem; }
.cards .chips li { white-space: nowrap; }
.status { font-weight: 600; white-space: nowrap; }
.status::before { background: currentColor; border-radius: 50%; content: ""; display: inline-block; height: 0.55rem; margin-right: 0.4rem; width: 0.55rem; }
.status.active { color: var(--good); }
.status.disabled, .status.expired { color: var(--warn); }
.status.revoked { color: var(--danger); }
.status.waiting { color: var(--muted); }
.facts { background: var(--card); border: 1px solid var(--line); border-radius: 0.5rem; display: grid; gap: 0.6rem 1.5rem; grid-template-columns: max-content 1fr; max-width: 52rem; padding: 1rem; }
.facts dt { color: var(--muted); }
.facts dd { margin: 0; overflow-wrap: anywhere; }
ul.tiles { list-style: none; padding: 0; }
.steps > li { margin-bottom: 0.9rem; max-width: 52rem; }
.steps .facts { margin: 0.5rem 0 0; }
.kind { font-weight: 600; white-space: nowrap; }
.change.added .kind { color: var(--good); }
.change.removed .kind { color: var(--danger); }
.change.changed .kind { color: var(--warn); }
section + details { margin-top: 1rem; }
.value { overflow-wrap: anywhere; white-space: pre-wrap; }
.tiles { display: grid; gap: 1rem; grid-template-columns: repeat(auto-fill, minmax(13rem, 1fr)); margin: 0 0 1.5rem; }
.tile { background: var(--card); border: 1px solid var(--line); border-radius: 0.5rem; padding: 0.75rem 1rem; }
.tile dd { margin: 0; }
.tile strong { font-size: 1.6rem; font-variant-numeric: tabular-nums; line-height: 1.3; }
.plots { display: grid; gap: 1rem; grid-template-columns: repeat(auto-fit, minmax(16rem, 1fr)); margin-bottom: 1rem; }
.plot { background: var(--card); border: 1px solid var(--line); border-radius: 0.5rem; margin: 0; padding: 0.75rem 1rem; }
.plot figcaption { display: flex; font-weight: 600; justify-content: space-between; }
.plot svg { border-bottom: 1px solid var(--muted); display: block; height: 5rem; margin-top: 0.5rem; width: 100%; }
.plot .bar { fill: var(--accent); }
.plot.warning .bar { fill: var(--danger); }
.plot .current { opacity: 0.55; }
.axis { color: var(--muted); display: flex; font-size: 0.8rem; gap: 0.5rem; justify-content: space-between; margin: 0.35rem 0 0; }
.tasks li { margin-bottom: 0.4rem; }
.tabs { border-bottom: 1px solid var(--line); display: flex; flex-wrap: wrap; gap: 0.25rem 1.25rem; margin: 0 0 1.25rem; }
.tabs a { padding: 0.4rem 0; text-decoration: none; }
.tabs [aria-current] { border-bottom: 3px solid var(--accent); color: var(--text); font-weight: 600; }
.reasons { list-style: none; margin: 0; padding: 0; }
.reasons li { overflow-wrap: anywhere; }
.reasons .status { white-space: normal; }
details.inline { margin: 0; }
details.inline summary { margin: 0; }
.columns { display: grid; gap: 0 1.5rem; grid-template-columns: repeat(auto-fit, minmax(min(22rem, 100%), 1fr)); margin-bottom: 2rem; max-width: 72rem; }
.decision { background: var(--card); border: 1px solid var(--line); border-radius: 0.5rem; margin-top: 1rem; padding: 0.5rem 1rem 1rem; }
.decision h2 { margin-top: 0.25rem; }
.steps { margin: 0; padding-left: 1.5rem; }
.steps li { margin-bottom: 0.6rem; }
.steps .outcome { font-size: 0.85rem; font-weight: 600; margin-left: 0.4rem; }
.steps .passed > .outcome { color: var(--good); }
.steps .failed > .outcome { color: var(--danger); }
.copyable { max-width: 52rem; }
.copyable pre { background: var(--card); border: 1px solid var(--line); border-radius: 0.5rem; margin: 0; overflow-x: auto; padding: 0.9rem 1rem; white-space: pre-wrap; }
.copy { align-items: center; display: flex; gap: 0.75rem; margin-top: 0.5rem; min-height: 2.5rem; }
button[hidden] { display: none; }
${catalogRules}
@media (max-width: 72rem) {
  main { padding: 1rem; }
  .bar { padding: 0.6rem 1rem; }
  .bar form { margin-left: auto; }
  .bar nav { order: 3; width: 100%; }
  .bar .identity { margin-left: 0; max-width: none; order: 4; width: 100%; }
  .cards, .cards tbody, .cards tr, .cards th, .cards td { display: block; max-width: none; }
  .cards { background: none; border: 0; }
  .cards thead { clip-path: inset(50%); height: 1px; overflow: hidden; position: absolute; width: 1px; }
  .cards tr { background: var(--card); border: 1px solid var(--line); border-radius: 0.5rem; margin-bottom: 1rem; padding: 0.5rem 0; }
  .cards tbody :is(th, td) { border: 0; padding: 0.3rem 1rem; text-align: left; }
  .cards td { display: grid; gap: 0 0.75rem; grid-template-columns: 6rem 1fr; }
  .cards td::before { color: var(--muted); content: attr(data-label); grid-row: span 3; }
  .cards td > * { grid-column: 2; }
  .cards td:empty { display: none; }
}
@media (max-width: 40rem) {
  .facts { grid-template-columns: 1fr; gap: 0; }
  .facts dt { margin-top: 0.6rem; }
  .filters .field, .filters button { flex: 1 1 9rem; min-width: 0; }
  .filters.add button { margin-top: 0; }
}
@media print { .bar, .filters, .actions, .pages { display: none; } }
`;
