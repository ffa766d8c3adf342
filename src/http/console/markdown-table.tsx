import type { ComponentChild, VNode } from "preact";

/**
 * Renders a paragraph as a table if it is one with pipes, as GitHub Flavored Markdown has them: a heading row, a delimiter
 * row, and further rows. Each row has the cells that were written, so that the output is as long as the text.
 * @param children the rendered content of the paragraph, where a line break is a string of its own
 * @returns undefined if it is none, is too wide, or a row has more cells than the heading, which would have no column
 */
export function renderPipeTable(children: readonly ComponentChild[]): VNode | undefined {
  const [heading = [], delimiter = [], ...rows] = splitLines(children);
  const delimiters = splitCells(delimiter);
  if (!delimiter.some((each) => typeof each === "string" && each.includes("|"))) return undefined;
  if (!delimiters.every(isDelimiter)) return undefined;
  const titles = splitCells(heading);
  const body = rows.map(splitCells);
  const columnCount = delimiters.length;
  if (titles.length !== columnCount || columnCount > columnsMax) return undefined;
  if (body.some((row) => row.length > columnCount)) return undefined;
  return (
    <table>
      <thead>
        <tr>
          {titles.map((title) => (
            <th scope="col">{title}</th>
          ))}
        </tr>
      </thead>
      <tbody>
        {body.map((row) => (
          <tr>
            {row.map((cell) => (
              <td>{cell}</td>
            ))}
          </tr>
        ))}
      </tbody>
    </table>
  );
}

/** More columns are wider than a phone. */
const columnsMax = 12;

/** Whether a cell of the delimiter row has hyphens, and colons for the alignment, which is not shown. */
const isDelimiter = (cell: Line): boolean =>
  cell.every((each) => typeof each === "string") && /^:?-+:?$/.test(cell.join("").trim());

type Line = readonly ComponentChild[];

function splitLines(children: readonly ComponentChild[]): readonly Line[] {
  const lines: ComponentChild[][] = [[]];
  for (const child of children) {
    if (child === "\n") lines.push([]);
    else lines.at(-1)?.push(child);
  }
  return lines;
}

/** Splits a line at its pipes. A pipe inside of code or a link is a part of it. */
function splitCells(line: Line): readonly Line[] {
  const cells: ComponentChild[][] = [[]];
  for (const child of line) {
    const [first, ...others] = typeof child === "string" ? child.split("|") : [child];
    cells.at(-1)?.push(first);
    for (const other of others) cells.push([other]);
  }
  const start = cells.length > 1 && isBlank(cells[0]) ? 1 : 0;
  const end = cells.length > start + 1 && isBlank(cells.at(-1)) ? -1 : undefined;
  return cells.slice(start, end);
}

const isBlank = (cell: Line = []): boolean => cell.every((each) => typeof each === "string" && each.trim() === "");
