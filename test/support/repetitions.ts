/**
 * The share of the repetitions that long tests run: TEST_REPETITIONS, of which 1, the default, is all. CI runs every suite
 * more than once and uses a smaller share.
 */
const share = Number(process.env["TEST_REPETITIONS"] ?? 1);

/** Returns how often a long test repeats what it does. @param count how often in a complete run */
export const repetitionsOf = (count: number): number => Math.max(1, Math.round(count * share));
