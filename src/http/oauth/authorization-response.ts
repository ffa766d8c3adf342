import type { AuthorizationResponse } from "../../domain/oauth/oauth-connections.ts";

/**
 * Reads the parameters of an authorization response (RFC 6749 section 4.1.2, RFC 9207 section 2).
 * @returns undefined for what is no authorization response, such as one with a repeated parameter (RFC 6749, 3.1)
 */
export function readAuthorizationResponse(parameters: URLSearchParams): AuthorizationResponse | undefined {
  const names = ["state", "code", "iss", "error"] as const;
  const [states, codes, issuers, errors] = names.map((name) => parameters.getAll(name)) as [
    string[],
    string[],
    string[],
    string[],
  ];
  if ([states, codes, issuers, errors].some((values) => values.length > 1)) return undefined;
  const [[state], [code], [iss]] = [states, codes, issuers];
  const isError = errors.length > 0;
  if (state === undefined || state.length > 2000 || (code ?? "").length > 4096 || (iss ?? "").length > 2000)
    return undefined;
  if (isError === (code !== undefined && code !== "")) return undefined;
  return { state, code: isError ? undefined : code, ...(iss !== undefined && { iss }) };
}
