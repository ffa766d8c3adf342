/** The stylesheet of the reference page, for light and dark color schemes, print and small screens. */
export const stylesheet = `:root { color-scheme: light dark; --line: light-dark(#d5d9e0, #3a3f4a); --soft: light-dark(#f4f6f9, #1d2026); }
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 90rem; padding: 0 1.5rem 4rem; font: 1rem/1.5 system-ui, sans-serif; }
code, pre { font-family: ui-monospace, monospace; font-size: 0.9em; overflow-wrap: anywhere; }
pre { background: var(--soft); overflow-x: auto; padding: 0.75rem; }
nav ul { columns: 22rem; list-style: none; padding: 0; }
nav ul ul { columns: auto; padding-left: 1rem; }
nav > ul > li { break-inside: avoid; }
article { border-top: 1px solid var(--line); margin-top: 2rem; padding-top: 0.5rem; }
:target { outline: 2px solid; outline-offset: 0.5rem; }
table { border-collapse: collapse; margin: 1rem 0; width: 100%; }
th, td { border-bottom: 1px solid var(--line); padding: 0.3rem 0.6rem 0.3rem 0; text-align: left; vertical-align: top; }
tbody th { font-weight: normal; }
dl { display: grid; gap: 0 0.5rem; grid-template-columns: max-content 1fr; }
dd { margin: 0; }
@media (max-width: 40rem) { table { display: block; overflow-x: auto; } }
@media print { nav { display: none; } }
`;
