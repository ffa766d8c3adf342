import type { Node } from "commonmark";
import { type ComponentChild, Fragment, h, type VNode } from "preact";
import { parseMarkdown } from "./markdown-parser.ts";
import { renderPipeTable } from "./markdown-table.tsx";

/** Deeper lists and quotes are a defect or an attack; they would exceed the stack of the renderer. */
const depthMax = 40;

/**
 * Renders CommonMark, and tables with pipes, as elements of the page. No HTML is ever inserted: HTML in the text is shown as
 * text, images are links, and only links to http, https and mailto are links. Text that is too long, too deep or too
 * expensive is shown as it is written.
 */
export function Markdown({ text }: { readonly text: string }): VNode {
  const document = parseMarkdown(text);
  const content = document && renderTree(document);
  if (content) return <div class="markdown">{content}</div>;
  return (
    <pre class="source">
      <code>{text}</code>
    </pre>
  );
}

/** An element whose children are still read. */
interface OpenElement {
  readonly node: Node;
  readonly children: ComponentChild[];
}

/** @returns undefined if the tree is too deep */
function renderTree(document: Node): readonly ComponentChild[] | undefined {
  const root: OpenElement = { node: document, children: [] };
  const path = [root];
  const walker = document.walker();
  for (let event = walker.next(); event; event = walker.next()) {
    const { node, entering } = event;
    const parent = path.at(-1) ?? root;
    if (node === document) continue;
    if (!node.isContainer) parent.children.push(renderLeaf(node));
    else if (entering) {
      path.push({ node, children: [] });
      if (path.length > depthMax) return undefined;
    } else {
      path.pop();
      path.at(-1)?.children.push(renderContainer(parent));
    }
  }
  return root.children;
}

function renderLeaf({ type, literal }: Node): ComponentChild {
  switch (type) {
    case "softbreak":
      return "\n";
    case "linebreak":
      return <br />;
    case "thematic_break":
      return <hr />;
    case "code":
      return <code>{literal}</code>;
    case "code_block":
      return (
        <pre>
          <code>{literal}</code>
        </pre>
      );
    case "html_block":
      return <p>{literal}</p>;
    default:
      return literal;
  }
}

/** The headings of a page come before those of the text. */
const headingLevels = { min: 3, max: 6 };

function renderContainer({ node, children }: OpenElement): ComponentChild {
  switch (node.type) {
    case "paragraph":
      return renderPipeTable(children) ?? renderParagraph(node, children);
    case "heading":
      return h(`h${Math.min(node.level + headingLevels.min - 1, headingLevels.max)}`, null, children);
    case "block_quote":
      return <blockquote>{children}</blockquote>;
    case "list":
      return node.listType === "ordered" ? <ol start={node.listStart}>{children}</ol> : <ul>{children}</ul>;
    case "item":
      return <li>{children}</li>;
    case "emph":
      return <em>{children}</em>;
    case "strong":
      return <strong>{children}</strong>;
    case "link":
    case "image":
      return renderLink(node, children);
    default:
      return <>{children}</>;
  }
}

const renderParagraph = (node: Node, children: readonly ComponentChild[]): VNode =>
  isInTightList(node) ? h(Fragment, null, children) : <p>{children}</p>;

/** Links cannot be nested: inside another link, an image or a link is its text. */
function renderLink({ destination, parent }: Node, children: readonly ComponentChild[]): ComponentChild {
  const url = hasLinkAbove(parent) ? undefined : toSafeUrl(destination ?? "");
  const content = children.length > 0 ? children : "link";
  if (url === undefined) return <>{content}</>;
  return (
    <a href={url} rel="noopener noreferrer">
      {content}
    </a>
  );
}

function hasLinkAbove(parent: Node | null): boolean {
  for (let node = parent; node; node = node.parent) if (node.type === "link" || node.type === "image") return true;
  return false;
}

const isInTightList = ({ parent }: Node): boolean => parent?.type === "item" && (parent.parent?.listTight ?? false);

const safeProtocols: ReadonlySet<string> = new Set(["http:", "https:", "mailto:"]);

/**
 * Returns the address of a link as browsers read it, so that no other reading of it can be a script. Relative addresses are
 * no links: they would lead to pages of the console.
 */
function toSafeUrl(destination: string): string | undefined {
  if (!URL.canParse(destination)) return undefined;
  const { protocol, href } = new URL(destination);
  return safeProtocols.has(protocol) ? href : undefined;
}
