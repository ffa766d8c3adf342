import type { Operation, View } from "../operation.ts";

/** What the document says of an operation: all but how it is done. */
export type Described = Omit<Operation, "organization" | "user"> & {
  readonly organization?: Seen;
  readonly user?: Seen;
};

type Seen = Pick<View, "scopes" | "answers">;

/** The views of an operation that there are. */
export const viewsOf = ({ organization, user }: Described): readonly Seen[] =>
  [organization, user].flatMap((view) => view ?? []);
