import type { RequestHandler } from "express";
import type { VNode } from "preact";
import { z } from "zod";
import type { AccessExplanation, AccessTool } from "../../../../../schemas/access.ts";
import type { User } from "../../../../../schemas/user.ts";
import { createQueryParser } from "../../../api/kernel/validation.ts";
import { accessKind, accessKinds } from "../../../api/resources/access.ts";
import { CardTable } from "../../facts.tsx";
import { TextField } from "../../fields.tsx";
import type { PageOptions } from "../../options.ts";
import { Layout, sendHtmlPage } from "../../page.tsx";
import { PageLinks, readListPage, withoutEmpty } from "../../paging.tsx";
import { requireVisit } from "../../visit.ts";
import { UserStatus } from "../list.tsx";
import { requireUserInPath } from "../require-user.ts";
import { Reasons } from "./reasons.tsx";
import { type AccessKindName, kindTexts, toolTexts, verdictClasses, verdictTexts } from "./texts.ts";

const parse = createQueryParser(
  z.object({
    kind: accessKind.default("mcp-servers"),
    name: z.string().max(200).optional(),
    cursor: z.string().max(8192).optional(),
  }),
);

/** A record of an MCP server can have a megabyte of tools. */
const sizeLimit = { lengthMax: 4 * 1024 * 1024, firstBatch: 2 };
/** More tools of one server are counted only. */
const toolsMax = 100;

/** Lists what a user can use and what is denied, with the reasons, one kind of resource and one page at a time. */
export function showUserAccess(options: PageOptions): RequestHandler {
  const { base, services } = options;
  return async (req, res) => {
    req.operationId = "consoleShowUserAccess";
    const visit = requireVisit(req);
    const { organizationId } = visit.caller;
    const query = parse(withoutEmpty(req.query));
    const user = await requireUserInPath(req, options);
    const { kind, name } = query;
    const page = await readListPage({ organizationId, list: `${user.id} access`, query }, (range) =>
      services.access.explain(organizationId, user.id, accessKinds[kind], { ...range, sizeLimit }, { name }),
    );
    const url = `${base}/users/${user.id}`;
    sendHtmlPage(
      res,
      200,
      <Layout title={`Access of ${user.userName}`} base={base} visit={visit}>
        <p class="trail">
          <a href={`${base}/users`}>Users</a> / <a href={url}>{user.userName}</a>
        </p>
        <div class="heading">
          <h1>Access of {user.userName}</h1>
          <UserStatus user={user} />
          <a class="button" href={`${url}/access/decision?kind=${kind}`}>
            Check one resource
          </a>
        </div>
        <InactiveNotice user={user} />
        <KindTabs url={`${url}/access`} current={kind} />
        <form method="get" action={`${url}/access`} class="filters" aria-label="Filters">
          <input type="hidden" name="kind" value={kind} />
          <TextField name="name" label="Name or slug contains" value={name ?? ""} />
          <button type="submit">Filter</button>
        </form>
        {page.items.length === 0 ? (
          <p class="empty">
            {kindTexts[kind]} that are neither granted nor denied to the user are not listed. None matches.
          </p>
        ) : (
          <CardTable caption={`${kindTexts[kind]} that are granted or denied to the user`} columns={toColumns(kind)}>
            {page.items.map((each) => (
              <AccessRow key={each.id} base={base} url={url} kind={kind} explanation={each} />
            ))}
          </CardTable>
        )}
        <PageLinks url={`${url}/access`} page={page} />
      </Layout>,
    );
  };
}

/** What the pages of an inactive user show is what an activation would restore. */
export const InactiveNotice = ({ user: { active } }: { readonly user: Pick<User, "active"> }): VNode | null =>
  active ? null : (
    <p class="notice">The user is inactive and can use nothing. The reasons apply once the user is active.</p>
  );

const KindTabs = ({ url, current }: { readonly url: string; readonly current: AccessKindName }): VNode => (
  <nav class="tabs" aria-label="Kinds of resources">
    {accessKind.options.map((kind) => (
      <a key={kind} href={`${url}?kind=${kind}`} {...(kind === current && { "aria-current": "page" as const })}>
        {kindTexts[kind]}
      </a>
    ))}
  </nav>
);

const toColumns = (kind: AccessKindName): readonly string[] => [
  ...["Resource", "Access", "Why"],
  ...(kind === "mcp-servers" ? ["Tools"] : []),
];

function AccessRow({
  base,
  url,
  kind,
  explanation,
}: {
  readonly base: string;
  readonly url: string;
  readonly kind: AccessKindName;
  readonly explanation: AccessExplanation;
}): VNode {
  const { id, slug, name, verdict, tools } = explanation;
  return (
    <tr>
      <th scope="row">
        <a href={`${url}/access/decision?kind=${kind}&resource=${id}`}>{name}</a>
        <code class="sub">{slug}</code>
      </th>
      <td data-label="Access">
        <span class={`status ${verdictClasses[verdict]}`}>{verdictTexts[verdict]}</span>
      </td>
      <td data-label="Why">
        <Reasons base={base} explanation={explanation} />
      </td>
      {kind === "mcp-servers" && <td data-label="Tools">{tools && <Tools tools={tools} />}</td>}
    </tr>
  );
}

function Tools({ tools }: { readonly tools: readonly AccessTool[] }): VNode {
  const allowedCount = tools.filter(({ verdict }) => verdict === "allowed").length;
  if (tools.length === 0) return <span class="muted">None</span>;
  return (
    <details class="inline">
      <summary>
        {allowedCount} of {tools.length} allowed
      </summary>
      <ul class="reasons">
        {tools.slice(0, toolsMax).map(({ name, risk, verdict, policy }) => (
          <li key={name}>
            <span class={`status ${verdictClasses[verdict]}`}>
              <code>{name}</code>
            </span>{" "}
            <span class="muted">
              {risk}; {toolTexts[verdict]}
              {policy !== undefined && (
                <>
                  {" "}
                  (<code>{policy}</code>)
                </>
              )}
            </span>
          </li>
        ))}
        {tools.length > toolsMax && <li>{tools.length - toolsMax} more: check one by its name.</li>}
      </ul>
    </details>
  );
}
