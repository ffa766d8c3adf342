import { z } from "zod";
import type { User } from "../../../../schemas/user.ts";
import type { Operation, OperationResponse, RequestContext, View } from "./operation.ts";
import type { Services } from "./services.ts";

const dryRunParameter = z
  .boolean()
  .default(false)
  .describe(
    "Checks the request as if it were real, responds as the real request would, and changes nothing. Instead of 204, the response is 200 with the changes.",
  );

/** What a request without a body would change. */
const dryRunReport = z
  .object({
    changes: z
      .array(
        z.object({
          action: z.string().describe("The action of the audit event that the change would have."),
          target: z.object({ type: z.string(), id: z.string().optional() }).optional(),
          details: z.record(z.string(), z.unknown()).optional(),
        }),
      )
      .describe(
        "The changes in the transaction of the request, such as the deletion and the removed references. What depends on a deleted user, group or MCP server is removed later and is not listed.",
      ),
  })
  .meta({ id: "DryRunReport" });

/** Adds the parameter to those of the operations that change something. */
export const withDryRuns = (operations: readonly Operation[]): readonly Operation[] =>
  operations.map((each) => (each.method === "get" ? each : withDryRun(each)));

type AnyView<Acting> = View<Acting, z.output<z.ZodObject>, unknown>;

/**
 * Adds the parameter `dryRun` to an operation whose changes are one transaction of `Services.startDryRun`.
 * @param secretField a field of the response that a dry run replaces, because its secret is not valid
 */
export function withDryRun(operation: Operation, secretField?: string): Operation {
  const { query = z.object({}), organization, user } = operation;
  return {
    ...operation,
    isDryRunnable: true,
    query: query.extend({ dryRun: dryRunParameter }),
    ...(organization && { organization: withDryRunView<undefined>(organization, secretField) }),
    ...(user && { user: withDryRunView<User>(user, secretField) }),
  };
}

function withDryRunView<Acting>(view: AnyView<Acting>, secretField: string | undefined): AnyView<Acting> {
  return {
    ...view,
    responses: 204 in view.responses ? { 200: dryRunReport, ...view.responses } : view.responses,
    handle: async (context: RequestContext<Acting, z.output<z.ZodObject>, unknown>, services: Services) => {
      if (context.query["dryRun"] !== true) return view.handle(context, services);
      const { resources, events } = services.startDryRun();
      const response = await view.handle(context, { ...services, ...resources });
      if (response.status !== 204) return toDryRunResponse(response, secretField);
      const changes = events().map(({ action, target, details }) => ({ action, target, details }));
      return { status: 200, body: { changes }, isDryRun: true };
    },
  };
}

/** Without the headers of what does not exist: a version to compare with, and a location. */
function toDryRunResponse({ status, body }: OperationResponse, secretField: string | undefined): OperationResponse {
  const replaced = body && secretField !== undefined ? { ...body, [secretField]: noSecret } : body;
  return { status, ...(replaced && { body: replaced }), isDryRun: true };
}

const noSecret = "(dry run: no secret was created)";
