import type { Response } from "express";
import type { VNode } from "preact";
import { consoleScopes } from "../../../domain/console/sessions.ts";
import type { SignInOffer } from "../../../domain/console/sign-in/user-sign-ins.ts";
import { TextField } from "../fields.tsx";
import { FormErrors } from "../form.ts";
import { Layout, redirect, sendHtmlPage } from "../page.tsx";
import { returnFieldName, withReturnPath } from "../return-path.ts";

/** What the page of the sign-in reports, by the query parameter of its URL. */
export const signInReports = {
  ended: "Your session has ended. Sign in again.",
  "signed-out": "You are signed out.",
  "no-cookie":
    "Your browser did not keep the session. Open the console over HTTPS, or at localhost, and allow cookies for it.",
} as const;
type SignInReport = keyof typeof signInReports;

/** Sends the browser to the sign-in, with the reason and the page to return to. */
export function redirectToSignIn(
  res: Response,
  base: string,
  { report, returnPath }: { readonly report?: SignInReport; readonly returnPath?: string | undefined } = {},
): void {
  redirect(res, withReturnPath(`${base}/sign-in${report === undefined ? "" : `?${report}`}`, returnPath));
}

export interface SignInPageProps {
  readonly base: string;
  /** The identity provider that the page offers, or that an organization must be named first. */
  readonly offer: SignInOffer;
  readonly report?: string | undefined;
  /** Why the sign-in through an identity provider failed. */
  readonly providerError?: string | undefined;
  readonly errors?: Readonly<Partial<Record<"token" | "organization", string>>>;
  /** What was entered as the organization. */
  readonly organization?: string;
  /** Whether the browser has the cookie of a session. */
  readonly hasSession?: boolean;
  /** The page to return to, relative to the console. */
  readonly returnPath: string | undefined;
}

/** Sends the page of the sign-in. */
export function sendSignIn(res: Response, status: number, props: SignInPageProps): void {
  const { base, offer, report, providerError, hasSession = false, returnPath } = props;
  sendHtmlPage(
    res,
    status,
    <Layout title="Sign in" base={base}>
      <div class="narrow">
        <h1>Sign in</h1>
        {report !== undefined && (
          <p class="notice" role="status">
            {report}
          </p>
        )}
        {providerError !== undefined && (
          <p class="notice error" role="alert">
            {providerError}
          </p>
        )}
        {hasSession && (
          <p>
            <a href={`${base}${returnPath ?? ""}`}>Continue with the session of this browser</a>, or sign in again.
          </p>
        )}
        {typeof offer === "object" && <ProviderForm {...props} slug={offer.organization.slug} offer={offer} />}
        {typeof offer === "object" ? (
          <details open={props.errors?.token !== undefined}>
            <summary>Sign in with a token</summary>
            <TokenForm {...props} />
          </details>
        ) : (
          <TokenForm {...props} />
        )}
        {offer === "by-name" && <OrganizationForm {...props} />}
      </div>
    </Layout>,
  );
}

const toErrors = ({ errors = {} }: SignInPageProps): FormErrors =>
  new FormErrors(new Map(Object.entries(errors).map(([field, message]) => [field, [message]])));

const ReturnField = ({ returnPath }: Pick<SignInPageProps, "returnPath">): VNode | null =>
  returnPath === undefined ? null : <input type="hidden" name={returnFieldName} value={returnPath} />;

function ProviderForm({
  base,
  slug,
  offer: { settings },
  returnPath,
}: Pick<SignInPageProps, "base" | "returnPath"> & {
  readonly slug: string;
  readonly offer: Extract<SignInOffer, object>;
}): VNode {
  return (
    <form class="actions" method="post" action={`${base}/sign-in/${slug}`}>
      <ReturnField returnPath={returnPath} />
      <button type="submit">Sign in with {new URL(settings.issuer).host}</button>
    </form>
  );
}

/** The field for the organization, because the page must not list those of the installation. */
function OrganizationForm(props: SignInPageProps): VNode {
  return (
    <form method="get" action={`${props.base}/sign-in`}>
      <h2>Identity provider</h2>
      <ReturnField returnPath={props.returnPath} />
      <TextField
        name="organization"
        label="Organization"
        value={props.organization ?? ""}
        required
        maxLength={63}
        errors={toErrors(props)}
        hint="The short name (slug) of your organization, to sign in with its identity provider."
      />
      <button type="submit" class="secondary">
        Continue
      </button>
    </form>
  );
}

function TokenForm(props: SignInPageProps): VNode {
  return (
    <form method="post" action={`${props.base}/sign-in`}>
      <ReturnField returnPath={props.returnPath} />
      <TextField
        name="token"
        label="Token"
        type="password"
        required
        autofocus={typeof props.offer !== "object"}
        errors={toErrors(props)}
        hint={`A token with the scope ${consoleScopes.join(" or ")}, or a personal token of yours. It is not kept: the browser gets a session of up to 8 hours, which ends with the token.`}
      />
      <button type="submit">Sign in</button>
    </form>
  );
}
