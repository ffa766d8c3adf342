import type { Fault } from "../../errors.ts";
import type { Operation, View } from "../operation.ts";

/** What the document says of an operation: all but how it is done. */
export type Described = Omit<Operation, "organization" | "user" | "anyone"> & {
  readonly organization?: Seen;
  readonly user?: Seen;
  readonly anyone?: Pick<Seen, "answers">;
  /** How it is asked for, where not as everything else. */
  readonly security?: readonly Readonly<Record<string, readonly string[]>>[];
  /** All that it can refuse, where it is not one of many of a kind. */
  readonly refuses?: readonly Fault[];
};

type Seen = Pick<View, "scopes" | "answers">;

/** The views of an operation that there are. */
export const viewsOf = ({ organization, user, anyone }: Described): readonly Pick<Seen, "answers">[] =>
  [organization, user, anyone].flatMap((view) => view ?? []);
