import type { Services } from "../api/kernel/services.ts";

/** What the pages use. */
export interface PageOptions {
  /** The path of the console, such as `/console`. */
  readonly base: string;
  /** The domain services, which the API uses too. */
  readonly services: Services;
}
