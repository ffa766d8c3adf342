import type { ConsoleSubmissions } from "../../../domain/console/submissions.ts";
import type { Services } from "../../api/kernel/services.ts";

/** What the pages of tokens use. */
export interface TokenPagesOptions {
  /** The path of the console, such as `/console`. */
  readonly base: string;
  readonly services: Pick<Services, "tokens" | "users">;
  readonly submissions: ConsoleSubmissions;
  readonly publicUrl: string;
}
