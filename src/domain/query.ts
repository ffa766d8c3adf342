/** How the doors ask: the questions are the store's, the doors know nothing else of it. */
export type { Condition, Page, Position, Query } from "../store/collection.ts";
