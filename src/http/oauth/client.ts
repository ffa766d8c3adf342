import type { IncomingMessage } from "node:http";
import { OAuthRefusal } from "./refusals.ts";

/** How a client says who it is: RFC 6749 section 2.3.1. */
export interface ClientSecret {
  readonly id: string;
  readonly secret: string;
}

/** The parameters of a form; each at most once (RFC 6749 section 3.2). */
export type Form = Readonly<Record<string, string>>;

/** @throws OAuthRefusal invalid_request for what is no form, or has a parameter twice */
export function readForm(body: unknown): Form {
  if (typeof body !== "object" || body === null) {
    throw new OAuthRefusal("invalid_request", "Send the parameters as application/x-www-form-urlencoded.");
  }
  const form: Record<string, string> = Object.create(null);
  for (const [name, value] of Object.entries(body)) {
    if (typeof value !== "string") throw new OAuthRefusal("invalid_request", "A parameter is there twice.");
    if (value !== "") form[name] = value; // one without a value is as good as absent
  }
  return form;
}

/**
 * The client's id and secret, from `Authorization: Basic` or from the form, and never from both.
 * @throws OAuthRefusal invalid_request; invalid_client where there are none
 */
export function clientOf({ headersDistinct }: Pick<IncomingMessage, "headersDistinct">, form: Form): ClientSecret {
  const headers = headersDistinct["authorization"] ?? [];
  if (headers.length > 1) throw new OAuthRefusal("invalid_request", "The request has two Authorization headers.");
  const [header] = headers;
  const { client_id: id, client_secret: secret } = form;
  if (header === undefined) {
    if (id && secret) return { id, secret };
    throw new OAuthRefusal("invalid_client", "A client_id and a client_secret are needed.");
  }
  if (secret !== undefined) {
    throw new OAuthRefusal("invalid_request", "Send the client's secret in Authorization or in the body, not in both.");
  }
  const client = basicOf(header);
  if (id === undefined || id === client.id) return client;
  throw new OAuthRefusal("invalid_request", "The client_id in the body is another than the one in Authorization.");
}

/** Both halves are form-encoded before they are put together and base64-encoded. */
function basicOf(header: string): ClientSecret {
  const encoded = /^basic +([A-Za-z0-9+/=_-]{1,4096})$/i.exec(header.trim())?.[1] ?? "";
  const text = Buffer.from(encoded, "base64").toString();
  const at = text.indexOf(":");
  const [id, secret] = [decoded(text.slice(0, Math.max(at, 0))), decoded(text.slice(at + 1))];
  if (at > 0 && id && secret) return { id, secret };
  throw new OAuthRefusal("invalid_client", "The Authorization header is not Basic with an id and a secret.");
}

function decoded(text: string): string | undefined {
  try {
    return decodeURIComponent(text.replaceAll("+", " "));
  } catch {
    return undefined;
  }
}
