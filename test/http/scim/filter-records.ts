import fc from "fast-check";
import { withTwin } from "../../../src/domain/people/twin.ts";

/** A user as the store keeps it: the attributes, and their twin for what is compared without regard to case. */
export function stored(user: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  return withTwin({ createdAt: "2026-01-01T00:00:00.000Z", updatedAt: "2026-01-02T00:00:00.000Z", ...user });
}

/** Few words, so that what is asked is often there. */
export const word = fc.constantFrom("work", "Work", "home", "a", "A", "ab", "Ärger", "ärger", "");

const emails = fc.array(fc.record({ value: word, type: word, primary: fc.boolean() }, { requiredKeys: [] }), {
  maxLength: 3,
});

export const user: fc.Arbitrary<Readonly<Record<string, unknown>>> = fc.record(
  {
    id: fc.constantFrom("usr_1", "usr_2"),
    externalId: word,
    userName: word,
    title: word,
    active: fc.boolean(),
    name: fc.record({ givenName: word, familyName: word }, { requiredKeys: [] }),
    emails,
    enterpriseUser: fc.record(
      { department: word, manager: fc.record({ value: word }, { requiredKeys: [] }) },
      { requiredKeys: [] },
    ),
    updatedAt: fc.constantFrom("2026-01-01T00:00:00.000Z", "2026-01-01T00:00:00.001Z", "2026-01-01T00:00:00.002Z"),
  },
  { requiredKeys: ["id", "userName", "active", "updatedAt"] },
);
