import { remember } from "../../support/secrets.ts";
import type { Agent } from "../../support/service.ts";

/** A token as its maker gets it. */
export interface Made {
  readonly id: string;
  readonly secret: string;
  readonly etag: string;
}

/** Of an answer that shows a secret. */
export const made = ({ body, headers }: { body: { id: string; token: string }; headers: object }): Made => ({
  id: body.id,
  secret: remember(body.token),
  etag: String((headers as { etag?: string }).etag),
});

/** Makes a token by the API. */
export const makeWith =
  (agent: () => Agent) =>
  async (body: object): Promise<Made> =>
    made(
      await agent()
        .post("/api/tokens")
        .send({ name: "made", ...body })
        .expect(201),
    );
