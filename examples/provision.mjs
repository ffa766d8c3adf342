#!/usr/bin/env node
/**
 * Brings an organization's catalogue to what a file says: makes what is not there, changes what differs, leaves the
 * rest alone. It may run as often as you like.
 *
 *   GATEHOUSE_TOKEN=wxt_... node provision.mjs catalogue.json
 *
 * GATEHOUSE_URL is where the service is, http://127.0.0.1:8080 by itself. The token needs the scope admin:write.
 */
import { readFile } from "node:fs/promises";
import { setTimeout as sleep } from "node:timers/promises";

/** @import { components } from "./api.d.ts" */
/** @typedef {components["schemas"]} Schemas */
/**
 * What the file holds. Groups are named by displayName, wherever they stand.
 * @typedef {object} Catalogue
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
  if (!token || !file) throw new Error("It needs GATEHOUSE_TOKEN and the name of a catalogue file.");
  await provision(JSON.parse(await readFile(file, "utf8")));
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : error}\n`);
  process.exitCode = 1;
}

/**
 * What names others comes after them.
 * @param {Catalogue} catalogue
 */
async function provision({ groups = [], mcpServers = [], skills = [], commands = [], toolkits = [], policies = [] }) {
  /** @type {Map<string, string>} */
  const ids = new Map();
  for (const group of groups) ids.set(group.displayName, await ensureGroup(group));
  for (const server of mcpServers) await put("mcp-servers", assigned(server, ids));
  for (const skill of skills) await put("skills", assigned(skill, ids));
  for (const command of commands) await put("commands", assigned(command, ids));
  for (const toolkit of toolkits) await put("toolkits", assigned(toolkit, ids));
  for (const policy of policies) await put("policies", { ...policy, subjects: withIds(policy.subjects, ids) });
}

/**
 * A group that is there is left alone: who is in it, and who manages it, is not the catalogue's concern.
 * @param {Schemas["GroupInput"]} group
 * @returns {Promise<string>} its id
 */
async function ensureGroup(group) {
  const path = `/api/groups/${encodeURIComponent(group.displayName)}`;
  const found = await ask("GET", path);
  const { id } = /** @type {Schemas["Group"]} */ (
    found.status === 404 ? await (await ask("PUT", path, group, { "If-None-Match": "*" })).json() : await found.json()
  );
  tell(found.status === 404 ? "created" : "unchanged", "groups", group.displayName);
  return id;
}

/**
 * Makes a thing, or replaces it as it was read, so that nobody's change is lost; 412 when somebody was quicker.
 * @template {{ readonly slug: string }} Thing
 * @param {string} kind
 * @param {Thing} thing
 */
async function put(kind, thing) {
  const path = `/api/${kind}/${encodeURIComponent(thing.slug)}`;
  const etag = (await ask("GET", path)).headers.get("ETag");
  const answer = await ask("PUT", path, thing, etag === null ? { "If-None-Match": "*" } : { "If-Match": etag });
  const isSame = answer.headers.get("ETag") === etag;
  tell(answer.status === 201 ? "created" : isSame ? "unchanged" : "updated", kind, thing.slug);
}

/**
 * @template {{ readonly assignment?: Schemas["AssignmentInput"] }} Thing
 * @param {Thing} thing
 * @param {ReadonlyMap<string, string>} ids of groups, by displayName
 * @returns {Thing}
 */
function assigned(thing, ids) {
  return { ...thing, assignment: withIds(thing.assignment, ids) };
}

/**
 * @param {Schemas["AssignmentInput"]} [assignment] with the names of groups
 * @param {ReadonlyMap<string, string>} [ids]
 * @returns {Schemas["AssignmentInput"]}
 */
function withIds(assignment = {}, ids = new Map()) {
  const groups = (assignment.groups ?? []).map((name) => {
    const id = ids.get(name);
    if (id === undefined) throw new Error(`${name} is not among the groups of the file.`);
    return id;
  });
  return { ...assignment, groups };
}

/**
 * One request; tries again when it is asked to wait.
 * @param {"GET" | "PUT"} method
 * @param {string} path
 * @param {object} [body]
 * @param {Record<string, string>} [headers]
 */
async function ask(method, path, body, headers = {}) {
  for (let attempt = 1; ; attempt++) {
    const answer = await fetch(new URL(path, base), {
      method,
      headers: { Authorization: `Bearer ${token}`, ...(body && { "Content-Type": "application/json" }), ...headers },
      ...(body && { body: JSON.stringify(body) }),
    });
    if (answer.ok || (method === "GET" && answer.status === 404)) return answer;
    const wait = answer.headers.get("Retry-After");
    if (wait === null || attempt === 3) throw new Error(await refusalOf(answer, `${method} ${path}`));
    await sleep(Number(wait) * 1000);
  }
}

/**
 * What an RFC 9457 problem document says, with each field that is wrong.
 * @param {Response} answer
 * @param {string} what was asked for
 */
async function refusalOf(answer, what) {
  const { detail, errors = [] } = /** @type {Schemas["Problem"]} */ (await answer.json());
  return [`${what}: ${answer.status} ${detail}`, ...errors.map((each) => `  ${each.pointer}: ${each.detail}`)].join(
    "\n",
  );
}

/** @type {(outcome: "created" | "updated" | "unchanged", kind: string, name: string) => void} */
function tell(outcome, kind, name) {
  process.stdout.write(`${outcome} ${kind} ${name}\n`);
}
