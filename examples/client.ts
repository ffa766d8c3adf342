import type { components, paths } from "./api.d.ts";

/** A client of the API for one token, in whose calls paths, parameters, bodies and answers are checked by the compiler. */
export function client(base: string, token: string, email?: string) {
  return async <P extends keyof paths, M extends MethodOf<P>>(
    method: M,
    path: P,
    ...[options]: OptionsOf<paths[P][M]>
  ): Promise<AnswerOf<paths[P][M]>> => {
    const { path: names = {}, query = {}, body }: Loose = options ?? {};
    const url = new URL(
      path.replace(/\{(\w+)\}/g, (_, name) => encodeURIComponent(names[name] ?? "")),
      base,
    );
    for (const [name, value] of Object.entries(query)) url.searchParams.set(name, String(value));
    const answer = await fetch(url, {
      method: method.toUpperCase(),
      headers: {
        Authorization: `Bearer ${token}`,
        ...(email !== undefined && { "x-user-email": email }),
        ...(body !== undefined && { "Content-Type": "application/json" }),
      },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    });
    if (!answer.ok) throw new Refused((await answer.json()) as components["schemas"]["Problem"]);
    return (answer.status === 204 ? undefined : await answer.json()) as AnswerOf<paths[P][M]>;
  };
}

/** What the service refuses, in its own words. */
export class Refused extends Error {
  readonly problem: components["schemas"]["Problem"];

  constructor(problem: components["schemas"]["Problem"]) {
    super(problem.detail);
    this.problem = problem;
  }
}

type Method = "get" | "post" | "put" | "patch" | "delete";
type MethodOf<P extends keyof paths> = { [M in Method]: paths[P][M] extends undefined ? never : M }[Method];
type Loose = { path?: Record<string, string>; query?: Record<string, unknown>; body?: unknown };

type PathOf<O> = O extends { parameters: { path: infer Names } } ? { path: Names } : unknown;
type QueryOf<O> = O extends { parameters: { query?: infer Query } } ? { query?: Query } : unknown;
type BodyOf<O> = O extends { requestBody: { content: infer Content } } ? { body: Content[keyof Content] } : unknown;
type Options<O> = PathOf<O> & QueryOf<O> & BodyOf<O>;
/** Nothing has to be said where nothing is needed. */
type OptionsOf<O> = Record<never, never> extends Options<O> ? [options?: Options<O>] : [options: Options<O>];

type ContentOf<Response> = Response extends { content: infer Content } ? Content[keyof Content] : undefined;
type AnswerOf<O> = O extends { responses: infer Responses }
  ? ContentOf<Responses[keyof Responses & (200 | 201 | 204)]>
  : never;
