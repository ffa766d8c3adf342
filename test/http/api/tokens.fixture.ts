import { trackSecret } from "../../support/secrets.ts";
import type { Agent } from "../../support/service.ts";

/** A token with its secret, as its creator receives it. */
export interface CreatedToken {
  readonly id: string;
  readonly secret: string;
  readonly etag: string;
}

/** Reads a response that contains a secret. */
export const readCreatedToken = ({
  body,
  headers,
}: {
  body: { id: string; token: string };
  headers: object;
}): CreatedToken => ({
  id: body.id,
  secret: trackSecret(body.token),
  etag: String((headers as { etag?: string }).etag),
});

/** Creates a token through the API. */
export const createTokenWith =
  (agent: () => Agent) =>
  async (body: object): Promise<CreatedToken> =>
    readCreatedToken(
      await agent()
        .post("/api/tokens")
        .send({ name: "created", ...body })
        .expect(201),
    );
