import { z } from "zod";
import { provisioningConnectionResponse } from "../../../../schemas/provisioning.ts";
import type { ProvisioningConnection } from "../../../domain/audit/provisioning-connections.ts";
import { toTokenStatus } from "../../../domain/tokens/status.ts";
import { buildPageResponse, pageParameters, toPageSchema } from "../kernel/lists.ts";
import { defineOperation } from "../kernel/operation.ts";
import { logTag } from "./log-operations.ts";

const path = "/provisioning";

/** The operation that shows how each connection of an identity provider works. */
export const listProvisioningConnections = defineOperation({
  operationId: "listProvisioningConnections",
  method: "get",
  path,
  tag: logTag,
  query: z.object(pageParameters),
  summary: "List provisioning connections with their last requests",
  description: `One entry for each token of type \`scim\` and each other token that was used at \`/scim/v2\`: its last request, last
success, last failure with the reason, and the counts of the last day. Requests with an OAuth access token belong to the
token that it was issued for. A request appears a few seconds after its response. The requests themselves are in the
request log: filter it by \`actorId\`.`,
  organization: {
    scopes: ["admin:read"],
    responses: { 200: toPageSchema(provisioningConnectionResponse, "ProvisioningConnectionList") },
    handle: ({ caller: { organizationId }, query }, { provisioning }) =>
      buildPageResponse(
        query,
        [organizationId, path],
        (page) => provisioning.list(organizationId, page),
        (connections) => connections.map(renderConnection),
      ),
  },
});

function renderConnection({ token, status, lastDay }: ProvisioningConnection): object {
  const { id, name, type } = token;
  return {
    token: { id, name, type, status: toTokenStatus(token) },
    lastRequestAt: status?.lastRequestAt ?? null,
    lastSuccessAt: status?.lastSuccessAt ?? null,
    lastFailure: status?.lastFailure ?? null,
    lastDay,
  };
}
