import fc from "fast-check";
import type { Condition, Scalar, Sort } from "../../src/store/query.ts";
import type { TestEmail, TestRecord } from "./contract/records.fixture.ts";

/** Short strings of few characters, so that they are often equal, or parts of each other. */
const text = fc.string({
  unit: fc.constantFrom(
    "a",
    "b",
    "A",
    " ",
    "%",
    "_",
    "'",
    '"',
    "\\",
    "$",
    ".",
    "[",
    "\ud7ff",
    "\ue000",
    "\uffff",
    "\u{1f600}",
  ),
  maxLength: 3,
});
const number = fc.oneof(
  fc.integer({ min: -2, max: 3 }),
  fc.constantFrom(0.1, 0.30000000000000004, 1e21, 2 ** 53, -1e-7),
);

const email: fc.Arbitrary<TestEmail> = fc.record(
  {
    value: text,
    type: text,
    primary: fc.boolean(),
    order: number,
    labels: fc.array(text, { maxLength: 2 }),
    parts: fc.array(fc.record({ name: text, kind: text }, { requiredKeys: [] }), { maxLength: 2 }),
  },
  { requiredKeys: [] },
);

/** Fields of a record. Each can be absent, so that a path has values of one type or none. */
export const arbitraryFields: fc.Arbitrary<Partial<TestRecord>> = fc.record(
  {
    name: fc.option(text),
    note: fc.option(text),
    normalized: fc.record({ title: text, emails: fc.array(email, { maxLength: 2 }) }, { requiredKeys: [] }),
    rank: fc.option(number),
    size: number,
    active: fc.boolean(),
    usage: fc.record({ count: number, lastAt: text }, { requiredKeys: [] }),
    tags: fc.array(text, { maxLength: 3 }),
    numbers: fc.array(number, { maxLength: 3 }),
    emails: fc.array(email, { maxLength: 3 }),
    createdAt: fc.constantFrom("2026-01-01T00:00:00.000Z", "2026-01-02T00:00:00.000Z", "2027-01-01T00:00:00.000Z"),
    version: fc.integer({ min: 1, max: 3 }),
  },
  { requiredKeys: [] },
);

const ordered = ["eq", "ne", "gt", "ge", "lt", "le"] as const;
const texts = ["name", "note", "normalized.title", "usage.lastAt", "createdAt", "id", "code"];
const numbers = ["rank", "size", "usage.count", "version"];
const lists = ["tags", "numbers", "emails", "normalized.emails"];
const objects = ["normalized", "usage"];

export const arbitrarySort: fc.Arbitrary<Sort> = fc.record({
  path: fc.constantFrom(...texts, ...numbers, "active"),
  direction: fc.constantFrom("ascending", "descending"),
});

/** Any valid condition over the paths of `arbitraryFields`. */
export const arbitraryCondition: fc.Arbitrary<Condition> = combined(
  leaf({ texts, numbers, booleans: ["active"], others: [...lists, ...objects] }),
  () => [
    some("tags", leaf({ texts: [""] })),
    some("numbers", leaf({ numbers: [""] })),
    some("emails", emailCondition()),
    some("normalized.emails", emailCondition()),
  ],
);

function emailCondition(): fc.Arbitrary<Condition> {
  return combined(
    leaf({ texts: ["value", "type"], numbers: ["order"], booleans: ["primary"], others: ["labels", "parts"] }),
    () => [
      some("labels", leaf({ texts: [""] })),
      some(
        "parts",
        combined(leaf({ texts: ["name", "kind"] }), () => []),
      ),
    ],
  );
}

function combined(
  leaves: fc.Arbitrary<Condition>,
  others: () => readonly fc.Arbitrary<Condition>[],
): fc.Arbitrary<Condition> {
  const { any } = fc.letrec<{ any: Condition }>((tie) => ({
    any: fc.oneof(
      { depthSize: "small", withCrossShrink: true },
      leaves,
      ...others(),
      fc.record({ op: fc.constantFrom("and" as const, "or" as const), all: fc.array(tie("any"), { maxLength: 3 }) }),
      fc.record({ op: fc.constant("not" as const), condition: tie("any") }),
    ),
  }));
  return any;
}

function some(path: string, where: fc.Arbitrary<Condition>): fc.Arbitrary<Condition> {
  return where.map((inner) => ({ op: "some", path, where: inner }));
}

interface Paths {
  readonly texts?: readonly string[];
  readonly numbers?: readonly string[];
  readonly booleans?: readonly string[];
  /** Arrays and objects, which support only `present`. */
  readonly others?: readonly string[];
}

function leaf({ texts = [], numbers = [], booleans = [], others = [] }: Paths): fc.Arbitrary<Condition> {
  const all = [...texts, ...numbers, ...booleans, ...others];
  const kinds: fc.Arbitrary<Condition>[] = [
    fc.record({ op: fc.constant("present" as const), path: fc.constantFrom(...all) }),
  ];
  const comparing = (paths: readonly string[], value: fc.Arbitrary<Scalar>): void => {
    if (paths.length === 0) return;
    const path = fc.constantFrom(...paths);
    kinds.push(
      fc.record({ op: fc.constantFrom(...ordered), path, value }),
      fc.record({ op: fc.constant("in" as const), path, values: fc.array(value, { maxLength: 4 }) }),
    );
  };
  comparing(texts, text);
  comparing(numbers, number);
  comparing(booleans, fc.boolean());
  if (texts.length > 0 && numbers.length > 0) {
    comparing(texts, number);
    comparing(numbers, text);
  }
  const textual = [...texts, ...numbers];
  if (textual.length > 0) {
    kinds.push(
      fc.record({
        op: fc.constantFrom("contains" as const, "startsWith" as const, "endsWith" as const),
        path: fc.constantFrom(...textual),
        value: text,
      }),
    );
  }
  return fc.oneof(...kinds);
}
