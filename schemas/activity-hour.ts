import { z } from "zod";
import { entityFields } from "./entity.ts";

/** What the clients of an organization did in one hour. `createdAt` is the start of the hour. */
export const activityHour = z.object({
  ...entityFields,
  /** Requests to the APIs, without those to the console. */
  requests: z.int(),
  /** Requests that were rejected, as in the request log. */
  rejections: z.int(),
  /** Calls of tools in `/mcp`. */
  toolCalls: z.int(),
  /** Time and address of the last use of AUTH_SECRET in one string, so that one comparison keeps the later of two. */
  authSecretUse: z.string().optional(),
});
export type ActivityHour = Readonly<z.infer<typeof activityHour>>;
