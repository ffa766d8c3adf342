import type { ConsoleSubmissions } from "../../../domain/console/submissions.ts";
import type { PageOptions } from "../options.ts";

/** What the pages of the settings use. */
export interface SettingsPagesOptions extends PageOptions {
  readonly submissions: ConsoleSubmissions;
  readonly publicUrl: string;
}
