import { z } from "zod";
import { createQueryParser } from "../../api/kernel/validation.ts";

/** Reads the query of a list without filters. @throws AppError invalid-value */
export const readPageCursor = createQueryParser(z.object({ cursor: z.string().max(8192).optional() }));
