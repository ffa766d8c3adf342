import { tokenReport } from "../../../../schemas/token.ts";
import { defineOperation } from "../kernel/operation.ts";
import { tokensPath } from "./token-response.ts";

/** The operation that reports a leaked token. It requires no credential. */
export const reportToken = defineOperation({
  operationId: "reportToken",
  method: "post",
  path: `${tokensPath}/report`,
  tag: "Tokens",
  body: tokenReport,
  summary: "Report a leaked token",
  description: `For secret scanners and anyone who finds a token. No credential is required. If the token is valid, it is revoked
immediately, and the organization's audit log records it (\`token.report\`). The response is the same whether or not the
token was valid.`,
  anonymous: {
    responses: { 204: null },
    handle: async ({ body, ...source }, { tokenReports }) => {
      await tokenReports.report(body.token, body.url, source);
      return { status: 204 };
    },
  },
});
