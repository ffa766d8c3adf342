import type { Directory } from "./directory.ts";
import type { BenchRow } from "./rows.ts";

/** Highest accepted multiple of the floor for a page of the console. */
const pageGoal = 20;

/**
 * Signs in to the console and returns the rows of its pages. Their cost must not depend on the number of users and members.
 * @param port of the service
 * @throws Error if the sign-in is rejected
 */
export async function openConsoleRows(port: number, directory: Directory): Promise<readonly BenchRow[]> {
  const headers = { cookie: await signIn(port, directory.secret) };
  const { userIds, everyoneId, manyGroupsUserId } = directory;
  const [userId = ""] = userIds;
  const page = (name: string, path: string, expectedText: string): BenchRow => ({
    name: `Console: ${name}`,
    requests: 50,
    goal: pageGoal,
    nextRequest: () => ({ method: "GET", path: `/console${path}`, headers, status: 200, expectedText }),
  });
  return [
    page("overview", "", "</html>"),
    page("tokens", "/tokens", "</html>"),
    page("users, first 50", "/users", "/console/users/usr_"),
    page("users, by user name", "/users?userName=person.1", "/console/users/usr_"),
    page("one user", `/users/${userId}`, userId),
    page("one user in many groups", `/users/${manyGroupsUserId}`, manyGroupsUserId),
    page("groups, first 50", "/groups", "/console/groups/grp_"),
    page("group of all users", `/groups/${everyoneId}`, "/console/users/usr_"),
    page("audit log, last 50", "/audit", "</html>"),
  ];
}

/** Signs in. @returns the value of the header Cookie */
async function signIn(port: number, secret: string): Promise<string> {
  const response = await fetch(`http://127.0.0.1:${port}/console/sign-in`, {
    method: "POST",
    headers: { "sec-fetch-site": "same-origin" },
    body: new URLSearchParams({ token: secret }),
    redirect: "manual",
  });
  const cookie = response.headers.get("set-cookie")?.split(";")[0];
  if (response.status !== 303 || cookie === undefined)
    throw new Error(`the sign-in to the console returned ${response.status}`);
  return cookie;
}
