import { z } from "zod";

/** The characters of a secret that a list shows. More of them in a URL would be in logs and histories. */
const visibleMax = 12;

/** The parameters by which a token is found. */
export const tokenSearchParameters = {
  name: z.string().min(1).max(200).optional().describe("The beginning of the name (case-insensitive)."),
  prefix: z
    .string()
    .min(1)
    .max(visibleMax, `must be the first ${visibleMax} characters of a token at most, because URLs are logged`)
    .optional()
    .describe(
      `The first characters of the current secret, ${visibleMax} at most. To find a token by its whole secret, use \`lookUpToken\`.`,
    ),
};
