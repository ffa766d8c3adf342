import fc from "fast-check";
import { withSearchFields } from "../../../src/store/normalized-fields.ts";

/** Returns a user as the store keeps it, with the normalized search fields for case-insensitive comparisons. */
export function toStoredUser(user: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  return withSearchFields({ createdAt: "2026-01-01T00:00:00.000Z", updatedAt: "2026-01-02T00:00:00.000Z", ...user });
}

/** A small vocabulary, so that filters often match. */
export const arbitraryWord = fc.constantFrom("work", "Work", "home", "a", "A", "ab", "Ärger", "ärger", "");

const emails = fc.array(
  fc.record({ value: arbitraryWord, type: arbitraryWord, primary: fc.boolean() }, { requiredKeys: [] }),
  {
    maxLength: 3,
  },
);

export const arbitraryUser: fc.Arbitrary<Readonly<Record<string, unknown>>> = fc.record(
  {
    id: fc.constantFrom("usr_1", "usr_2"),
    externalId: arbitraryWord,
    userName: arbitraryWord,
    title: arbitraryWord,
    active: fc.boolean(),
    name: fc.record({ givenName: arbitraryWord, familyName: arbitraryWord }, { requiredKeys: [] }),
    emails,
    enterpriseUser: fc.record(
      { department: arbitraryWord, manager: fc.record({ value: arbitraryWord }, { requiredKeys: [] }) },
      { requiredKeys: [] },
    ),
    updatedAt: fc.constantFrom("2026-01-01T00:00:00.000Z", "2026-01-01T00:00:00.001Z", "2026-01-01T00:00:00.002Z"),
  },
  { requiredKeys: ["id", "userName", "active", "updatedAt"] },
);
