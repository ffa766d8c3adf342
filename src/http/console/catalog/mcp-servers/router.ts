import type { RequestHandler, Router } from "express";
import type { PageOptions } from "../../options.ts";
import { deleteConnection, showConnectionRemoval, showConnections } from "./connections.tsx";
import { refreshTools } from "./refresh/refresh.tsx";
import { deleteSecret, secretNames, showSecrets, storeSecret } from "./secrets.tsx";
import { mcpServerSection } from "./section.tsx";
import { showTool } from "./tool.tsx";
import { deleteTool, saveTool, showToolForm } from "./tool-edit.tsx";

/** Routes the pages that only MCP servers have. Names of tools are in the query: a segment `..` would not arrive. */
export function routeMcpServers(router: Router, write: RequestHandler, options: PageOptions): void {
  const server = `${mcpServerSection.path}/:id`;
  router.get(`${server}/tools`, showTool(options));
  router.post(`${server}/tools`, saveTool(options));
  router.get(`${server}/tools/edit`, write, showToolForm(options));
  router.post(`${server}/tools/delete`, deleteTool(options));
  router.post(`${server}/refresh`, refreshTools(options));
  router.get(`${server}/connections`, showConnections(options));
  router.get(`${server}/connections/delete`, write, showConnectionRemoval(options));
  router.post(`${server}/connections/delete`, deleteConnection(options));
  router.get(`${server}/secrets`, write, showSecrets(options));
  for (const name of secretNames) {
    router.post(`${server}/${name}`, storeSecret(name, options));
    router.post(`${server}/${name}/delete`, deleteSecret(name, options));
  }
}
