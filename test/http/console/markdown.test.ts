import { expect } from "chai";
import fc from "fast-check";
import { h } from "preact";
import { renderToString } from "preact-render-to-string";
import { Markdown } from "../../../src/http/console/markdown.tsx";
import { repetitionsOf } from "../../support/repetitions.ts";

/** Renders as a page of the console does. */
const render = (text: string): string => renderToString(h(Markdown, { text }));

/** Everything that rendered Markdown may consist of, with the quotes that the renderer writes. */
const allowedTag =
  /^<(?:\/(?:a|blockquote|code|div|em|h[3-6]|li|ol|p|pre|strong|table|tbody|td|th|thead|tr|ul)|(?:blockquote|code|em|h[3-6]|hr|br|li|ol|p|pre|strong|table|tbody|td|thead|tr|ul)\/?|th scope="col"|div class="markdown"|pre class="source"|ol start="\d{1,9}"|a href="(?:https?:|mailto:)[^"<>]*" rel="noopener noreferrer")>$/;

/** Returns what a browser would read as a tag and that is not in the list. */
const findForeignTags = (html: string): readonly string[] =>
  (html.match(/<[^>]*>?/g) ?? []).filter((tag) => !allowedTag.test(tag));

/** What attackers combine: HTML, links, entities, control characters and the characters of Markdown. */
const fragment = fc.constantFrom(
  ...["<script>alert(1)</script>", "<img src=x onerror=alert(1)>", "<a href='javascript:alert(1)'>", "<svg/onload=a>"],
  ...["[x](javascript:alert(1))", "![x](data:text/html,x)", "<javascript:alert(1)>", "[x]: javascript:a", "[x]"],
  ...["&#x6A;avascript:", "&colon;", "java\tscript:", "\u0001javascript:", "vbscript:", "http://a.example", "//a"],
  ...["](", ")", "![", "[", "`", "```\n", "*", "_", "> ", "- ", "1. ", "# ", "\n", "\n\n", "    ", "\\", "&quot;", '"'],
  ...["'", "<", ">", "<!--", "-->", "<![CDATA[", "<?", "onclick=", "style=", "\0", "\ud800", "\u202e", "mailto:a@b"],
  ...["|", "| a | b |\n", "|---|:-:|\n", "| [x](https://a.example) | `|` |\n", "\\|"],
);
const markdown = fc
  .array(fc.oneof(fragment, fc.string({ maxLength: 5 }), fc.string({ unit: "binary", maxLength: 5 })))
  .map((parts) => parts.join(""));

describe("Markdown in /console", () => {
  it("renders CommonMark as elements", () => {
    const html = render(
      "# Title\n\nSome *em* **strong** `code`\n\n- a\n- b\n\n1. x\n\n> quote\n\n```js\nlet a;\n```\n\n---",
    );
    expect(html).to.equal(
      '<div class="markdown"><h3>Title</h3><p>Some <em>em</em> <strong>strong</strong> <code>code</code></p>' +
        '<ul><li>a</li><li>b</li></ul><ol start="1"><li>x</li></ol><blockquote><p>quote</p></blockquote>' +
        "<pre><code>let a;\n</code></pre><hr/></div>",
    );
  });

  it("has links to http, https and mailto only, in the form in which browsers read them", () => {
    const link = (url: string): string | undefined => /href="([^"]*)"/.exec(render(`[x](<${url}>)`))?.[1];
    expect(link("https://a.example/b?c=d&e=f")).to.equal("https://a.example/b?c=d&amp;e=f");
    expect(link("HTTP://A.example")).to.equal("http://a.example/");
    expect(link("mailto:ada@example.com")).to.equal("mailto:ada@example.com");
    expect(render("<https://a.example>")).to.contain('<a href="https://a.example/" rel="noopener noreferrer">');
    for (const url of [
      ...["javascript:alert(1)", "JaVaScRiPt:alert(1)", " javascript:alert(1)", "java&#x73;cript:alert(1)"],
      ...["&#x6A&#x61&#x76&#x61script:alert(1)", "\u0001javascript:alert(1)", "java&Tab;script:alert(1)"],
      ...["javascript&colon;alert(1)", "data:text/html;base64,PHN2Zz4=", "vbscript:msgbox(1)", "file:///etc/passwd"],
      ...[
        "//attacker.example",
        "/console/sign-out",
        "?a",
        "#b",
        "blob:https://a.example/x",
        "filesystem:https://a",
        "",
      ],
    ])
      expect(link(url), url).to.equal(undefined);
  });

  it("shows images as links, and never a link inside a link", () => {
    const image = '<a href="https://a.example/i.png" rel="noopener noreferrer">alt</a>';
    expect(render("![alt](https://a.example/i.png)")).to.contain(image);
    for (const text of [
      "[![alt](https://a.example/i.png)](https://b.example)",
      "![a [b](https://b.example)](https://a.example)",
      "![a ![b](https://b.example)](https://a.example)",
    ])
      expect(render(text).match(/<a /g), text).to.have.length(1);
  });

  it("shows HTML as text", () => {
    for (const attack of [
      "<script>alert(1)</script>",
      "<img src=x onerror=alert(1)>",
      "text <svg/onload=alert(1)> text",
      "<a href='javascript:alert(1)'>x</a>",
      "<div>\n<iframe srcdoc='<script>alert(1)</script>'></iframe>\n</div>",
      "<!-- --><style>*{}</style>",
      "`<b>`\n\n    <i>\n",
      '[x](https://a.example "onclick=alert(1)")',
      '[x](https://a.example/"onmouseover="alert(1))',
      "```<img src=x>\n</code></pre><img>\n```",
    ])
      expect(findForeignTags(render(attack)), attack).to.deep.equal([]);
  });

  it("does not parse HTML within a paragraph, whose characters are those of Markdown", () => {
    expect(render("a <b title='*c*'> <!-- *d* --> <? *e* ?>")).to.equal(
      "<div class=\"markdown\"><p>a &lt;b title='<em>c</em>'> &lt;!-- <em>d</em> --> &lt;? <em>e</em> ?></p></div>",
    );
  });

  it("has links with titles of at most 1,000 characters", () => {
    for (const title of [`"${"t".repeat(1000)}"`, '"a \\" \\\\ b"', "'\\'c'", "(d \\( e)", '""', '"two\nlines"']) {
      expect(render(`[x](https://a.example ${title}) y`), title).to.contain(">x</a> y");
      expect(render(`[x]\n\n[x]: https://a.example ${title}`), title).to.contain(">x</a>");
    }
    for (const title of [`"${"t".repeat(1001)}"`, '"a', "'b\\'", "(c (d)", '"e" f'])
      expect(render(`[x](https://a.example ${title})`), title).to.not.contain("<a");
  });

  it("renders tables with pipes, with what their cells contain", () => {
    const html = render(
      "| Name | Use |\n|:-----|----:|\n| `a|b` | **x** <b> |\n| | [l](https://a.example) |\n| only |",
    );
    expect(html.replace(/> +| +(?=<)/g, (match) => match.trim())).to.equal(
      '<div class="markdown"><table><thead><tr><th scope="col">Name</th><th scope="col">Use</th></tr></thead><tbody>' +
        "<tr><td><code>a|b</code></td><td><strong>x</strong>&lt;b></td></tr>" +
        '<tr><td></td><td><a href="https://a.example/" rel="noopener noreferrer">l</a></td></tr>' +
        "<tr><td>only</td></tr></tbody></table></div>",
    );
    expect(render("a | b\n--- | ---\n1 | 2")).to.match(/<table>.*<td>1 <\/td><td> 2<\/td>/);
    expect(render("- | a |\n  |---|\n  | b |")).to.contain("<li><table>");
  });

  it("shows text with pipes that is no table, or a table that would lose a cell, as it is written", () => {
    for (const text of [
      ...["a | b", "| a | b |\n| c | d |", "| a | b |\n|---|\n| c | d |", "| a |\n|---|\n| b | c |", "a\n---|---"],
      ...[
        "| a | b |\n|---|---|\n| b \\| c | d |",
        `|${"a|".repeat(13)}\n|${"-|".repeat(13)}`,
        "| a |\n| *-* |",
        "a\n-",
        "| a |\n| - - |",
      ],
    ])
      expect(render(text), text).to.not.contain("<table>");
  });

  it("renders tables in linear time and length", () => {
    const columns = 12;
    for (const text of [
      `|${"a|".repeat(columns)}\n|${"-|".repeat(columns)}\n${"x\n".repeat(14_000)}`,
      `|a|\n|-|\n${"|\n".repeat(14_000)}`,
      `|a|\n|${"-".repeat(29_000)}x`,
      `|a|\n|-${" |-".repeat(9_000)}x`,
      `|a|\n|-${" ".repeat(29_000)}x`,
      `|a|\n|${" ".repeat(14_000)}-${" ".repeat(14_000)}x`,
    ]) {
      const start = performance.now();
      expect(render(text).length).to.be.at.most(20 * text.length);
      expect(performance.now() - start, "milliseconds").to.be.below(2000);
    }
  });

  it("has no element, attribute or address outside the list, whatever the text is", () => {
    fc.assert(
      fc.property(markdown, (text) => {
        expect(findForeignTags(render(text))).to.deep.equal([]);
      }),
      { numRuns: repetitionsOf(3000) },
    );
  });

  it("shows what is too long, too deep or too expensive as it is written", () => {
    for (const text of [
      ...["x ".repeat(30_000), ">".repeat(5000), `${"- ".repeat(200)}x`, "[a](".repeat(10_000)],
      ...[`x${" ".repeat(1001)}x`, `x${"\n \t".repeat(334)}x`, `\`\`\` ${"`".repeat(1001)}`],
      ...[`${"1. ".repeat(41)}x`, `a\n\n > ${"* ".repeat(40)}x`],
      ...[`- x\n${" ".repeat(101)}x`, `- x\n${" \t".repeat(26)}x`, `> - x\n> ${"\t".repeat(26)}x`],
      // A control character does not end the address of a link.
      `${"[a](\u0001".repeat(1000)}`,
      ...[`${"[".repeat(1500)}${"[](a)".repeat(1500)}`, `[a]: b\n\n${"[".repeat(1500)}${"[a]".repeat(1500)}`],
    ]) {
      const html = render(text);
      expect(html.startsWith('<pre class="source"><code>'), text.slice(0, 10)).to.equal(true);
      expect(html).to.contain(text.slice(0, 1000).replaceAll("<", "&lt;"));
    }
    for (const text of [
      ...[`${"> ".repeat(20)}x`, `x${" ".repeat(1000)}x`, `${"-".repeat(2000)}`, `${"* ".repeat(40)}*`],
      ...[`- x\n${" ".repeat(100)}x`, "[a](https://a.example) ".repeat(1000), `x ${"[".repeat(10_000)}`],
    ])
      expect(render(text), text.slice(0, 10)).to.contain('class="markdown"');
  });
});
