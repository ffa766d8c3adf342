import type { Response } from "express";
import type { ComponentChildren, VNode } from "preact";
import { renderToString } from "preact-render-to-string";
import { sendText } from "../server/send.ts";
import { assetUrls } from "./assets/assets.ts";
import { CsrfField } from "./fields.tsx";
import { listSections } from "./sections.ts";
import type { Visit } from "./visit.ts";

export interface LayoutProps {
  readonly title: string;
  /** The path of the console, such as `/console`. */
  readonly base: string;
  /** Absent before the sign-in. */
  readonly visit?: Visit | undefined;
  /** An address that the browser opens at once, also on another site. */
  readonly leaveTo?: string;
  readonly children: ComponentChildren;
}

/** The frame of every page: the header with the navigation, and the content. */
export function Layout({ title, base, visit, leaveTo, children }: LayoutProps): VNode {
  const { stylesheet, script, icon } = assetUrls(base);
  return (
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="color-scheme" content="light dark" />
        {leaveTo !== undefined && <meta http-equiv="refresh" content={`0; url=${leaveTo}`} />}
        <title>{`${title} - Gatehouse`}</title>
        <link rel="icon" href={icon} />
        <link rel="stylesheet" href={stylesheet} />
        <script src={script} defer />
      </head>
      <body>
        <a class="skip" href="#content">
          Skip to content
        </a>
        <header class="bar">
          <a class="brand" href={base}>
            Gatehouse
          </a>
          {visit && <SessionBar base={base} visit={visit} />}
        </header>
        <main id="content" tabIndex={-1}>
          {children}
        </main>
      </body>
    </html>
  );
}

function SessionBar({ base, visit }: { readonly base: string; readonly visit: Visit }): VNode {
  const { caller, organizationName } = visit;
  return (
    <>
      <nav aria-label="Console">
        {listSections(caller).map(({ path, name }) => (
          <a key={path} href={`${base}${path}`}>
            {name}
          </a>
        ))}
      </nav>
      <p class="identity">
        <span class="muted">{organizationName}</span> {toActorName(caller.actor)}
      </p>
      <form method="post" action={`${base}/sign-out`}>
        <CsrfField visit={visit} />
        <button type="submit" class="quiet">
          Sign out
        </button>
      </form>
    </>
  );
}

/** Returns the name of who does something: that of a token or user, or `AUTH_SECRET`, operator or service. */
export function toActorName({ type, name, id }: Visit["caller"]["actor"]): string {
  return name ?? id ?? actorNames[type] ?? type;
}

const actorNames: Readonly<Record<string, string>> = { "auth-secret": "AUTH_SECRET" };

/** Sends a page. Every value in it is escaped. */
export function sendHtmlPage(res: Response, status: number, page: VNode): void {
  sendText(res, status, "text/html; charset=utf-8", `<!doctype html>\n${renderToString(page)}\n`);
}

/** Sends the browser to another page after a form, so that a reload does not submit it again (RFC 9110 section 15.4.4). */
export function redirect(res: Response, location: string): void {
  res.setHeader("Location", location);
  sendText(res, 303, "text/plain; charset=utf-8", "");
}
