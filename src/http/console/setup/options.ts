import type { PageOptions } from "../options.ts";
import type { SetupGuide } from "./guide.ts";

/** What the setup pages use. */
export interface SetupOptions extends PageOptions {
  /** In the order of the list. */
  readonly guides: readonly SetupGuide[];
}
