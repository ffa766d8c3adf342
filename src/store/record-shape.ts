import { migrations } from "./migrations.ts";

/** The shape of stored records: the number of the last schema migration that this release has. */
export const recordShape = migrations.at(-1)?.number ?? 0;
