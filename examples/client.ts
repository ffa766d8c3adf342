import type { components, paths } from "./api.d.ts";

/**
 * Creates a client of the API for one token. The compiler checks the paths, parameters, bodies and responses of its calls.
 * @param base the URL of the service
 * @param email the acting user, for the x-user-email header
 * @throws ApiError for a response that is not a success
 */
export function client(base: string, token: string, email?: string) {
  return async <P extends keyof paths, M extends MethodOf<P>>(
    method: M,
    path: P,
    ...[options]: OptionsOf<paths[P][M]>
  ): Promise<ResponseOf<paths[P][M]>> => {
    const { path: pathParameters = {}, query = {}, body }: UntypedOptions = options ?? {};
    const url = new URL(
      path.replace(/\{(\w+)\}/g, (_, name) => encodeURIComponent(pathParameters[name] ?? "")),
      base,
    );
    for (const [name, value] of Object.entries(query)) url.searchParams.set(name, String(value));
    const response = await fetch(url, {
      method: method.toUpperCase(),
      headers: {
        Authorization: `Bearer ${token}`,
        ...(email !== undefined && { "x-user-email": email }),
        ...(body !== undefined && { "Content-Type": "application/json" }),
      },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    });
    if (!response.ok) throw new ApiError((await response.json()) as components["schemas"]["Problem"]);
    return (response.status === 204 ? undefined : await response.json()) as ResponseOf<paths[P][M]>;
  };
}

/** A problem document (RFC 9457) that the service has returned. */
export class ApiError extends Error {
  readonly problem: components["schemas"]["Problem"];

  constructor(problem: components["schemas"]["Problem"]) {
    super(problem.detail);
    this.problem = problem;
  }
}

type Method = "get" | "post" | "put" | "patch" | "delete";
type MethodOf<P extends keyof paths> = { [M in Method]: paths[P][M] extends undefined ? never : M }[Method];
type UntypedOptions = { path?: Record<string, string>; query?: Record<string, unknown>; body?: unknown };

type PathOf<O> = O extends { parameters: { path: infer Names } } ? { path: Names } : unknown;
type QueryOf<O> = O extends { parameters: { query?: infer Query } } ? { query?: Query } : unknown;
type BodyOf<O> = O extends { requestBody: { content: infer Content } } ? { body: Content[keyof Content] } : unknown;
type Options<O> = PathOf<O> & QueryOf<O> & BodyOf<O>;
/** The options can be omitted for operations that require none. */
type OptionsOf<O> = Record<never, never> extends Options<O> ? [options?: Options<O>] : [options: Options<O>];

type ContentOf<Response> = Response extends { content: infer Content } ? Content[keyof Content] : undefined;
type ResponseOf<O> = O extends { responses: infer Responses }
  ? ContentOf<Responses[keyof Responses & (200 | 201 | 204)]>
  : never;
