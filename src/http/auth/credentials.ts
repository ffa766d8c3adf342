import type { IncomingMessage } from "node:http";
import type { UnusableCredentialCause } from "../../domain/audit/rejections.ts";
import { AppError, type ErrorCode } from "../../errors.ts";

/**
 * Reads the credential of a request from `Authorization: Bearer`, `Authorization: Api-Token` or `X-API-Key`. No other
 * module reads credentials.
 * @returns the credential, or undefined if there is none
 * @throws UnusableCredentialError token-in-url, ambiguous-credentials, invalid-token
 */
export function readCredential(req: IncomingMessage): string | undefined {
  rejectTokenInUrl(req.url ?? "");
  const credentials = readCredentials(req);
  const [first] = credentials;
  if (first === undefined) return undefined;
  if (credentials.some(({ value }) => value !== first.value)) {
    throw new UnusableCredentialError(
      "ambiguous-credentials",
      "ambiguous",
      "The request has more than one credential. Send one.",
    );
  }
  if (!first.hasScheme) throw unusableAuthorization(first.value);
  // Longer than any credential, or with characters that none has; the bearer strategy must not see a space.
  if (!credentialPattern.test(first.value)) {
    throw new UnusableCredentialError("invalid-token", "malformed", "The credential is not valid.");
  }
  return first.value;
}

/** The error for a request without exactly one credential in a form that can be verified. */
export class UnusableCredentialError extends AppError {
  /** For the logs. */
  readonly reason: UnusableCredentialCause;
  /** What stands in place of a credential, if it may be one, to find the organization whose token it is. */
  readonly candidate: string | undefined;

  constructor(code: ErrorCode, reason: UnusableCredentialCause, message: string, candidate?: string) {
    super(code, message);
    this.reason = reason;
    this.candidate = candidate;
  }
}

/** The error for an Authorization header without one of the schemes, which often is a token alone. */
function unusableAuthorization(value: string): UnusableCredentialError {
  const expected = "Send Authorization: Bearer, a space and the token.";
  if (/^(?:bearer|api-token)$/i.test(value)) {
    const message = `The Authorization header has a scheme and no token. ${expected}`;
    return new UnusableCredentialError("invalid-token", "missing", message);
  }
  if (credentialPattern.test(value)) {
    const message = `The Authorization header has no scheme. ${expected}`;
    return new UnusableCredentialError("invalid-token", "no-scheme", message, value);
  }
  const message = `The scheme of the Authorization header is not supported. ${expected}`;
  return new UnusableCredentialError("invalid-token", "other-scheme", message);
}

/**
 * Moves the subject token (RFC 8693), an external identity provider's JWT in `Authorization: Bearer`, to
 * `req.subjectToken`, so that authentication sees only the credential in `X-API-Key`.
 * @throws AppError ambiguous-credentials for more than one Authorization header
 */
export function extractSubjectToken(req: IncomingMessage & { subjectToken?: string }): void {
  const authorizationHeaders = (req.headersDistinct["authorization"] ?? []).map((value) => value.trim());
  if (!authorizationHeaders.some((value) => bearerScheme.test(value))) return;
  if (authorizationHeaders.length > 1) {
    throw new AppError("ambiguous-credentials", "The request has more than one Authorization header. Send one.");
  }
  const subjectToken = authorizationHeaders[0]?.replace(bearerScheme, "").trim();
  if (subjectToken) req.subjectToken = subjectToken;
  delete req.headersDistinct["authorization"];
  delete req.headers.authorization;
}

const bearerScheme = /^bearer(?: +|$)/i;

/** Names of query parameters in which clients send tokens. */
const tokenFieldPattern = /^(access_token|token|api_?-?key|api_?-?token|x-api-key|authorization)$/i;
/** RFC 6750 section 2.1 (b64token), and the other characters that AUTH_SECRET may have. */
const credentialPattern = /^[\x21-\x7e]{1,512}$/;

/** @throws AppError token-in-url, because URLs end up in logs and browser histories */
function rejectTokenInUrl(url: string): void {
  const start = url.indexOf("?");
  if (start < 0) return;
  for (const [name, value] of new URLSearchParams(url.slice(start))) {
    if (tokenFieldPattern.test(name)) throw tokenInUrlError(value);
  }
}

/** @throws AppError token-in-url for a token in the body, which RFC 6750 section 2.2 allows and this service does not */
export function rejectTokenInBody(body: unknown): void {
  if (typeof body !== "object" || body === null || !Object.hasOwn(body, "access_token")) return;
  throw tokenInUrlError(String((body as { access_token: unknown }).access_token));
}

const tokenInUrlError = (candidate: string): UnusableCredentialError =>
  new UnusableCredentialError(
    "token-in-url",
    "in-url-or-body",
    "Tokens are not accepted in the URL or the body. Send the token as Authorization: Bearer.",
    candidate,
  );

/** The value of a header with a credential; without a known scheme, the whole value of the Authorization header. */
interface PresentedCredential {
  readonly value: string;
  readonly hasScheme: boolean;
}

/** All credentials in the headers; a repeated header yields one for each value. */
function readCredentials({ headersDistinct }: IncomingMessage): readonly PresentedCredential[] {
  const fromAuthorization = (headersDistinct["authorization"] ?? []).map((header): PresentedCredential => {
    const value = header.trim();
    const [, secret] = /^(?:bearer|api-token) +(\S.*)$/i.exec(value) ?? [];
    // Another scheme counts as a credential, which is never valid.
    return secret === undefined ? { value, hasScheme: false } : { value: secret, hasScheme: true };
  });
  const fromApiKey = (headersDistinct["x-api-key"] ?? []).map((value) => ({ value: value.trim(), hasScheme: true }));
  return [...fromAuthorization, ...fromApiKey].filter(({ value }) => value !== "");
}
