import type { IncomingMessage } from "node:http";
import { OAuthError } from "./errors.ts";

/** The id and secret by which a client authenticates (RFC 6749 section 2.3.1). */
export interface ClientAuthentication {
  readonly id: string;
  readonly secret: string;
}

/** The parameters of a form, each at most once (RFC 6749 section 3.2). */
export type OAuthFormParameters = Readonly<Record<string, string>>;

/** @throws OAuthError invalid_request for a body that is not a form, or a parameter that appears more than once */
export function parseFormParameters(body: unknown): OAuthFormParameters {
  if (typeof body !== "object" || body === null) {
    throw new OAuthError("invalid_request", "Send the parameters as application/x-www-form-urlencoded.");
  }
  const form: Record<string, string> = Object.create(null);
  for (const [name, value] of Object.entries(body)) {
    if (typeof value !== "string") throw new OAuthError("invalid_request", "A parameter appears more than once.");
    if (value !== "") form[name] = value; // RFC 6749 section 3.2: a parameter without a value is treated as omitted
  }
  return form;
}

/**
 * Reads the client's id and secret from `Authorization: Basic` or from the form, but not from both.
 * @throws OAuthError invalid_request; invalid_client if the request has neither
 */
export function readClientAuthentication(
  { headersDistinct }: Pick<IncomingMessage, "headersDistinct">,
  form: OAuthFormParameters,
): ClientAuthentication {
  const headers = headersDistinct["authorization"] ?? [];
  if (headers.length > 1)
    throw new OAuthError("invalid_request", "The request has more than one Authorization header. Send one.");
  const [header] = headers;
  const { client_id: id, client_secret: secret } = form;
  if (header === undefined) {
    if (id && secret) return { id, secret };
    throw new OAuthError("invalid_client", "client_id and client_secret are required.");
  }
  if (secret !== undefined) {
    throw new OAuthError(
      "invalid_request",
      "Send the client secret in the Authorization header or in the body, not in both.",
    );
  }
  const client = parseBasicAuthorization(header);
  if (id === undefined || id === client.id) return client;
  throw new OAuthError(
    "invalid_request",
    "The client_id in the body differs from the one in the Authorization header.",
  );
}

/** RFC 6749 section 2.3.1: id and secret are form-encoded, joined by a colon, and base64-encoded. */
function parseBasicAuthorization(header: string): ClientAuthentication {
  const encoded = /^basic +([A-Za-z0-9+/=_-]{1,4096})$/i.exec(header.trim())?.[1] ?? "";
  const credentials = Buffer.from(encoded, "base64").toString();
  const separator = credentials.indexOf(":");
  const [id, secret] = [
    decodeFormValue(credentials.slice(0, Math.max(separator, 0))),
    decodeFormValue(credentials.slice(separator + 1)),
  ];
  if (separator > 0 && id && secret) return { id, secret };
  throw new OAuthError("invalid_client", "The Authorization header must be Basic with a client id and secret.");
}

function decodeFormValue(value: string): string | undefined {
  try {
    return decodeURIComponent(value.replaceAll("+", " "));
  } catch {
    return undefined;
  }
}
