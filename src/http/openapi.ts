import { z } from "zod";
import { problem } from "../../schemas/problem.ts";
import { operations } from "./api/operations.ts";

/** The operations of `/api` as an OpenAPI 3.1 document; openapi.yaml is this, printed. */
export function openApiDocument(): object {
  const named = z.registry<{ id: string }>();
  for (const schema of [problem, ...operations.map(({ answer }) => answer)]) {
    const id = schema.meta()?.id;
    if (typeof id !== "string") throw new Error("every schema of the API has a name");
    named.add(schema, { id });
  }
  const { schemas } = z.toJSONSchema(named, { uri: (id) => `#/components/schemas/${id}`, io: "output" });
  return {
    openapi: "3.1.0",
    info: { title: "Gatehouse", version: "0.1.0", description: "Printed from the code by `npm run openapi`." },
    servers: [{ url: "/api" }],
    security: [{ bearer: [] }, { apiKey: [] }],
    paths: Object.fromEntries(
      operations.map(({ path, method, operationId, summary, scopes, answer }) => [
        path,
        {
          [method]: {
            operationId,
            summary,
            "x-required-scopes": scopes,
            responses: {
              200: answerOf("Success", "application/json", named.get(answer)?.id ?? ""),
              default: answerOf("Refused", "application/problem+json", "Problem"),
            },
          },
        },
      ]),
    ),
    components: {
      securitySchemes: {
        bearer: { type: "http", scheme: "bearer" },
        apiKey: { type: "apiKey", in: "header", name: "X-API-Key" },
      },
      schemas: Object.fromEntries(Object.entries(schemas).map(([id, schema]) => [id, withoutEnvelope(schema)])),
    },
  };
}

const answerOf = (description: string, mediaType: string, id: string): object => ({
  description,
  content: { [mediaType]: { schema: { $ref: `#/components/schemas/${id}` } } },
});

/** A component needs no address and no dialect of its own. */
function withoutEnvelope(schema: object): object {
  const { $schema: _, $id: _i, id: _n, ...rest } = schema as Record<string, unknown>;
  return rest;
}
