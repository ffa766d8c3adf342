#!/usr/bin/env node
/**
 * Applies a file to an organization's catalog: creates missing resources and updates those that differ. It deletes
 * nothing and can run repeatedly.
 *
 *   GATEHOUSE_TOKEN=wxt_... node provision.mjs catalog.json
 *
 * GATEHOUSE_URL is the URL of the service; the default is http://127.0.0.1:8080. The token needs the scope admin:write.
 */
import { readFile } from "node:fs/promises";
import { setTimeout as sleep } from "node:timers/promises";

/** @import { components } from "./api.d.ts" */
/** @typedef {components["schemas"]} Schemas */
/**
 * The content of the file. Assignments and policies refer to groups by displayName.
 * @typedef {object} Catalog
 * @property {Schemas["GroupInput"][]} [groups]
 * @property {Schemas["McpServerInput"][]} [mcpServers]
 * @property {Schemas["SkillInput"][]} [skills]
 * @property {Schemas["CommandInput"][]} [commands]
 * @property {Schemas["ToolkitInput"][]} [toolkits]
 * @property {Schemas["PolicyInput"][]} [policies]
 */

const base = process.env["GATEHOUSE_URL"] || "http://127.0.0.1:8080";
const token = process.env["GATEHOUSE_TOKEN"];
const [file] = process.argv.slice(2);

try {
  if (!token || !file) throw new Error("Set GATEHOUSE_TOKEN and pass the path of a catalog file.");
  await provision(JSON.parse(await readFile(file, "utf8")));
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : error}\n`);
  process.exitCode = 1;
}

/**
 * Writes resources after those that they refer to.
 * @param {Catalog} catalog
 */
async function provision({ groups = [], mcpServers = [], skills = [], commands = [], toolkits = [], policies = [] }) {
  /** @type {Map<string, string>} */
  const ids = new Map();
  for (const group of groups) ids.set(group.displayName, await ensureGroup(group));
  for (const server of mcpServers) await put("mcp-servers", withGroupIds(server, ids));
  for (const skill of skills) await put("skills", withGroupIds(skill, ids));
  for (const command of commands) await put("commands", withGroupIds(command, ids));
  for (const toolkit of toolkits) await put("toolkits", withGroupIds(toolkit, ids));
  for (const policy of policies) await put("policies", { ...policy, subjects: replaceNames(policy.subjects, ids) });
}

/**
 * Creates a group unless it exists. An existing group is not changed, because the catalog does not define its members.
 * @param {Schemas["GroupInput"]} group
 * @returns {Promise<string>} the id of the group
 */
async function ensureGroup(group) {
  const path = `/api/groups/${encodeURIComponent(group.displayName)}`;
  const existing = await send("GET", path);
  const isMissing = existing.status === 404;
  const response = isMissing ? await send("PUT", path, group, { "If-None-Match": "*" }) : existing;
  const { id } = /** @type {Schemas["Group"]} */ (await response.json());
  report(isMissing ? "created" : "unchanged", "groups", group.displayName);
  return id;
}

/**
 * Creates a resource, or replaces the version that was read. The service responds with 412 if another client has changed
 * the resource in between, so that no change is lost.
 * @template {{ readonly slug: string }} Resource
 * @param {string} kind
 * @param {Resource} resource
 */
async function put(kind, resource) {
  const path = `/api/${kind}/${encodeURIComponent(resource.slug)}`;
  const etag = (await send("GET", path)).headers.get("ETag");
  const response = await send("PUT", path, resource, etag === null ? { "If-None-Match": "*" } : { "If-Match": etag });
  const isSame = response.headers.get("ETag") === etag;
  report(response.status === 201 ? "created" : isSame ? "unchanged" : "updated", kind, resource.slug);
}

/**
 * Replaces the names of groups in the assignment of a resource by ids.
 * @template {{ readonly assignment?: Schemas["AssignmentInput"] }} Resource
 * @param {Resource} resource
 * @param {ReadonlyMap<string, string>} ids the ids of groups, by displayName
 * @returns {Resource}
 */
function withGroupIds(resource, ids) {
  return { ...resource, assignment: replaceNames(resource.assignment, ids) };
}

/**
 * @param {Schemas["AssignmentInput"]} [assignment] the assignment with the names of groups
 * @param {ReadonlyMap<string, string>} [ids]
 * @returns {Schemas["AssignmentInput"]}
 */
function replaceNames(assignment = {}, ids = new Map()) {
  const groups = (assignment.groups ?? []).map((name) => {
    const id = ids.get(name);
    if (id === undefined) throw new Error(`The file does not define the group ${name}.`);
    return id;
  });
  return { ...assignment, groups };
}

/**
 * Sends a request. Retries it when the response has a Retry-After header, at most twice.
 * @param {"GET" | "PUT"} method
 * @param {string} path
 * @param {object} [body]
 * @param {Record<string, string>} [headers]
 */
async function send(method, path, body, headers = {}) {
  for (let attempt = 1; ; attempt++) {
    const response = await fetch(new URL(path, base), {
      method,
      headers: { Authorization: `Bearer ${token}`, ...(body && { "Content-Type": "application/json" }), ...headers },
      ...(body && { body: JSON.stringify(body) }),
    });
    if (response.ok || (method === "GET" && response.status === 404)) return response;
    const retryAfter = response.headers.get("Retry-After");
    if (retryAfter === null || attempt === 3) throw new Error(await describeProblem(response, `${method} ${path}`));
    await sleep(Number(retryAfter) * 1000);
  }
}

/**
 * Formats an RFC 9457 problem document with every invalid field.
 * @param {Response} response
 * @param {string} request the method and path
 */
async function describeProblem(response, request) {
  const { detail, errors = [] } = /** @type {Schemas["Problem"]} */ (await response.json());
  return [
    `${request}: ${response.status} ${detail}`,
    ...errors.map((each) => `  ${each.pointer}: ${each.detail}`),
  ].join("\n");
}

/** @type {(outcome: "created" | "updated" | "unchanged", kind: string, name: string) => void} */
function report(outcome, kind, name) {
  process.stdout.write(`${outcome} ${kind} ${name}\n`);
}
