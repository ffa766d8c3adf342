/** How the doors ask: the questions are the store's, the doors know nothing else of it. */
export {
  type Condition,
  type Page,
  type Position,
  type Query,
  type RecordText,
  recordText,
} from "../store/collection.ts";
