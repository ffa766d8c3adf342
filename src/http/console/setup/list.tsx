import type { RequestHandler } from "express";
import type { VNode } from "preact";
import { Layout, sendHtmlPage } from "../page.tsx";
import { requireVisit } from "../visit.ts";
import type { SetupGuide } from "./guide.ts";
import type { SetupOptions } from "./options.ts";

/** Lists the products for which there are steps. */
export function showSetup({ base, guides }: SetupOptions): RequestHandler {
  return (req, res) => {
    req.operationId = "consoleShowSetup";
    const ofKind = (kind: SetupGuide["kind"]): readonly SetupGuide[] => guides.filter((each) => each.kind === kind);
    sendHtmlPage(
      res,
      200,
      <Layout title="Set up" base={base} visit={requireVisit(req)}>
        <h1>Set up</h1>
        <p>Each page has the values of this installation, and waits for the first request at its end.</p>
        <h2>Identity providers</h2>
        <GuideList base={base} guides={ofKind("identity provider")} />
        <h2>Clients</h2>
        <GuideList base={base} guides={ofKind("client")} />
      </Layout>,
    );
  };
}

const GuideList = ({ base, guides }: { readonly base: string; readonly guides: readonly SetupGuide[] }): VNode => (
  <ul class="tiles">
    {guides.map(({ slug, name, summary }) => (
      <li key={slug} class="tile">
        <a href={`${base}/setup/${slug}`}>{name}</a>
        <span class="sub">{summary}</span>
      </li>
    ))}
  </ul>
);
