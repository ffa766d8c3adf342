import type { Condition } from "../../store/collection.ts";
import { type IdPrefix, lowestId } from "../entity.ts";

/** What was made from one moment on and before another. An id says when that was, so that a time is a range of ids. */
export function madeWithin(prefix: IdPrefix, from: Date | undefined, to: Date | undefined): readonly Condition[] {
  // No id speaks of a time before 1970.
  const firstIdOf = (moment: Date): string => lowestId(prefix, new Date(Math.max(0, moment.getTime())));
  return [
    ...(from ? [{ op: "ge", path: "id", value: firstIdOf(from) } as const] : []),
    ...(to ? [{ op: "lt", path: "id", value: firstIdOf(to) } as const] : []),
  ];
}
