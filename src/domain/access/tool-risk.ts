import { type ToolRisk, toolRisk } from "../../../schemas/mcp-server.ts";

/** Whether a risk is the maximum or a lower one. */
export const isRiskWithin = (risk: ToolRisk, max: ToolRisk): boolean =>
  toolRisk.options.indexOf(risk) <= toolRisk.options.indexOf(max);
