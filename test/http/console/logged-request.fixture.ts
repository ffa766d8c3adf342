import type { Agent } from "../../support/service.ts";

/**
 * Waits until a request is in the request log, which is written in intervals.
 * @param reader a client with the scope admin:read
 * @param requestId of the header X-Request-Id
 * @returns the id of the entry
 */
export async function waitForLoggedRequest(reader: Agent, requestId: string | undefined): Promise<string> {
  for (let attempt = 0; attempt < 600; attempt++) {
    const { body } = await reader.get("/api/request-log").query({ requestId }).expect(200);
    if (body.data.length > 0) return body.data[0].id;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  throw new Error("The request is not in the log.");
}
