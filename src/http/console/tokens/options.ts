import type { Request } from "express";
import type { ConsoleSubmissions } from "../../../domain/console/submissions.ts";
import type { Services } from "../../api/kernel/services.ts";
import { readPathId } from "../path-id.ts";

/** What the pages of tokens use. */
export interface TokenPagesOptions {
  /** The path of the console, such as `/console`. */
  readonly base: string;
  readonly services: Pick<Services, "tokens" | "users">;
  readonly submissions: ConsoleSubmissions;
  readonly publicUrl: string;
}

/** Returns the id of the token in the path. @throws AppError not-found for what is no such id */
export const readTokenId = (req: Request): string => readPathId(req, "tok", "The token was not found.");
