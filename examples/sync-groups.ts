/**
 * Gives groups exactly the members that a file names: it creates missing groups, adds and removes members. Groups that the
 * file does not name stay as they are, and so do those that an identity provider manages.
 *
 *   GATEHOUSE_TOKEN=wxt_... node sync-groups.js groups.json
 *
 * GATEHOUSE_URL is the URL of the service; the default is http://127.0.0.1:8080. The token needs the scope admin:write.
 */
import { readFile } from "node:fs/promises";
import { ApiError, client } from "./client.ts";

const { GATEHOUSE_URL = "http://127.0.0.1:8080", GATEHOUSE_TOKEN: token } = process.env;
const send = client(GATEHOUSE_URL, token ?? "");

/** Returns the id of a group, which is created if there is none. */
async function ensureGroup(displayName: string): Promise<string> {
  try {
    return (await send("get", "/api/groups/{id}", { path: { id: displayName } })).id;
  } catch (error) {
    if (!(error instanceof ApiError && error.problem.status === 404)) throw error;
    return (await send("post", "/api/groups", { body: { displayName } })).id;
  }
}

async function syncGroup(displayName: string, userNames: readonly string[]): Promise<string> {
  const members: string[] = [];
  for (const userName of userNames) {
    members.push((await send("get", "/api/users/{id}", { path: { id: userName } })).id);
  }
  const id = await ensureGroup(displayName);
  const { added, removed } = await send("put", "/api/groups/{id}/members", { path: { id }, body: { members } });
  return `${displayName}: ${added} added, ${removed} removed`;
}

const [file] = process.argv.slice(2);
if (!token || !file) {
  process.stderr.write("Set GATEHOUSE_TOKEN and pass the path of a file of groups.\n");
  process.exitCode = 1;
} else {
  const groups = JSON.parse(await readFile(file, "utf8")) as Readonly<Record<string, readonly string[]>>;
  for (const [displayName, userNames] of Object.entries(groups)) {
    try {
      process.stdout.write(`${await syncGroup(displayName, userNames)}\n`);
    } catch (error) {
      process.stderr.write(`${displayName}: ${error instanceof Error ? error.message : error}\n`);
      process.exitCode = 1;
    }
  }
}
