import type { IncomingMessage } from "node:http";
import { AppError } from "../errors.ts";

/**
 * The one place that knows where a credential may stand: `Authorization: Bearer`, `Authorization: Api-Token`,
 * `X-API-Key`.
 * @returns the credential, or undefined for none
 * @throws AppError token-in-url, ambiguous-credentials, invalid-token
 */
export function credentialOf(req: IncomingMessage): string | undefined {
  refuseTokenInUrl(req.url ?? "");
  const secrets = presentedSecrets(req);
  const [secret] = secrets;
  if (secrets.some((each) => each !== secret)) {
    throw new AppError("ambiguous-credentials", "The request carries two different credentials. Send one.");
  }
  // Longer or stranger than any credential; the strategy behind would read more into spaces than a token.
  if (secret !== undefined && !credential.test(secret)) {
    throw new AppError("invalid-token", "The credential is not valid.");
  }
  return secret;
}

/**
 * For an operation that takes an outside identity provider's JWT in `Authorization: Bearer`: puts it where no guard
 * looks for a credential, so that what is left is one credential or none.
 * @throws AppError ambiguous-credentials
 */
export function setAsideOutsideToken(req: IncomingMessage & { outsideToken?: string }): void {
  const given = (req.headersDistinct["authorization"] ?? []).map((value) => value.trim());
  if (!given.some((value) => bearer.test(value))) return;
  if (given.length > 1) {
    throw new AppError("ambiguous-credentials", "The request has two Authorization headers. Send one.");
  }
  const outsideToken = given[0]?.replace(bearer, "").trim();
  if (outsideToken) req.outsideToken = outsideToken;
  delete req.headersDistinct["authorization"];
  delete req.headers.authorization;
}

const bearer = /^bearer(?: +|$)/i;

/** A field of a body or query under which clients are known to send tokens. */
const tokenField = /^(access_token|token|api_?-?key|api_?-?token|x-api-key|authorization)$/i;
/** RFC 6750 section 2.1, b64token, and what AUTH_SECRET may hold besides. */
const credential = /^[\x21-\x7e]{1,512}$/;

/** @throws AppError token-in-url: a URL ends up in logs and histories */
function refuseTokenInUrl(url: string): void {
  const start = url.indexOf("?");
  if (start < 0) return;
  for (const name of new URLSearchParams(url.slice(start)).keys()) {
    if (tokenField.test(name)) throw tokenInUrl();
  }
}

/** @throws AppError token-in-url when a body carries a token where RFC 6750 section 2.2 allows one; we do not */
export function refuseTokenInBody(body: unknown): void {
  if (typeof body === "object" && body !== null && Object.hasOwn(body, "access_token")) throw tokenInUrl();
}

const tokenInUrl = (): AppError =>
  new AppError("token-in-url", "A token in the URL or the body is not accepted. Send it as Authorization: Bearer.");

/** Every secret of the request's headers; a header that was sent twice counts twice. */
function presentedSecrets({ headersDistinct }: IncomingMessage): string[] {
  const fromAuthorization = (headersDistinct["authorization"] ?? []).map((value) => {
    const [, secret] = /^(?:bearer|api-token) +(\S.*)$/i.exec(value.trim()) ?? [];
    return secret ?? `other ${value}`; // another scheme is a credential too, one that opens nothing
  });
  const fromApiKey = (headersDistinct["x-api-key"] ?? []).map((value) => value.trim());
  return [...fromAuthorization, ...fromApiKey].filter((secret) => secret !== "");
}
