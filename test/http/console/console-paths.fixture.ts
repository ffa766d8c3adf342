import type { Express } from "express";

/** The part of a router that lists its routes, which its declarations lack. */
interface ListedRouter {
  listRoutes(): readonly {
    readonly path: string;
    readonly methods?: readonly string[];
    readonly router?: ListedRouter;
  }[];
}

/** Returns the paths of /console that have a route for GET, such as `/console/tokens/:id`, in the order of their routers. */
export const listConsolePaths = (app: Express): readonly string[] =>
  listPaths(app.router as unknown as ListedRouter).filter((path) => /^\/console(?:\/|$)/.test(path));

const listPaths = (router: ListedRouter): readonly string[] =>
  router.listRoutes().flatMap(({ path, methods = [], router: mounted }) => {
    const below = mounted ? listPaths(mounted) : methods.includes("GET") ? [""] : [];
    return below.map((each) => `${path}${each}`.replace(/\/{2,}/g, "/").replace(/(?<=.)\/$/, ""));
  });

/** Returns the path that a URL has, as a router selects it: the first one that matches. */
export const findConsolePath = (paths: readonly string[], url: string): string | undefined =>
  paths.find((path) => new RegExp(`^${path.replace(/:\w+/g, "[^/]+")}$`).test(new URL(url).pathname));
