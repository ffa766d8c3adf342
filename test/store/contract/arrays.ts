import type { Store } from "../../../src/store/store.ts";
import type { TestEmail } from "./records.fixture.ts";
import { createSelectAssertion, eq, some } from "./selects.fixture.ts";

/** Tests `some` over arrays of objects, of scalars and of arrays, and over values that are not arrays. */
export function arrayContract(store: () => Store): void {
  const selects = createSelectAssertion(store);

  describe("conditions on arrays", () => {
    const email = (...values: readonly TestEmail[]) => ({ emails: values });
    it(
      "applies all of `some` to the same element",
      selects(
        {
          a: email({ value: "a@x", type: "work", primary: true, order: 1 }, { value: "a@y", type: "home", order: 2 }),
          b: email({ value: "a@x", type: "home" }, { value: "b@y", type: "work" }),
          c: email({ value: "", type: "work" }),
          d: email(),
          e: {},
          f: email({ type: "work" }),
        },
        [
          [some("emails", eq("value", "a@x")), "ab"],
          [some("emails", eq("type", "work")), "abcf"],
          [some("emails", { op: "and", all: [eq("value", "a@x"), eq("type", "work")] }), "a"],
          [some("emails", { op: "and", all: [eq("type", "work"), eq("value", "a@x")] }), "a"],
          [{ op: "and", all: [some("emails", eq("value", "a@x")), some("emails", eq("type", "work"))] }, "ab"],
          [some("emails", { op: "or", all: [eq("value", "b@y"), eq("order", 2)] }), "ab"],
          [some("emails", { op: "startsWith", path: "value", value: "a@" }), "ab"],
          [some("emails", { op: "in", path: "value", values: ["b@y", "zz"] }), "b"],
          [some("emails", { op: "in", path: "value", values: [] }), ""],
          [some("emails", { op: "contains", path: "value", value: "@y" }), "ab"],
          [some("emails", { op: "endsWith", path: "value", value: "@y" }), "ab"],
          [some("emails", { op: "ne", path: "value", value: "a@x" }), "abcf"],
          [some("emails", { op: "not", condition: eq("type", "work") }), "ab"],
          [some("emails", { op: "present", path: "value" }), "ab"],
          [some("emails", { op: "present", path: "type" }), "abcf"],
          [some("emails", { op: "gt", path: "order", value: 1 }), "a"],
          [some("emails", { op: "le", path: "value", value: "a@x" }), "abc"],
          [some("emails", eq("primary", true)), "a"],
          [some("emails", eq("value", "")), "c"],
          [some("emails", { op: "and", all: [] }), "abcf"],
          [some("emails", { op: "or", all: [] }), ""],
          [{ op: "present", path: "emails" }, "abcf"],
        ],
      ),
    );

    it(
      'compares a scalar element with the path ""',
      selects(
        {
          a: { tags: ["red", "green"], numbers: [1, 20] },
          b: { tags: ["redder", ""], numbers: [3] },
          c: { tags: [], numbers: [] },
          d: {},
          e: { tags: ["[]"] },
          f: { tags: [""] },
        },
        [
          [some("tags", eq("", "red")), "a"],
          [some("tags", eq("", "")), "bf"],
          [some("tags", { op: "ne", path: "", value: "red" }), "abef"],
          [some("tags", { op: "startsWith", path: "", value: "red" }), "ab"],
          [some("tags", { op: "startsWith", path: "", value: "" }), "abef"],
          [some("tags", { op: "contains", path: "", value: "e" }), "ab"],
          [some("tags", { op: "endsWith", path: "", value: "er" }), "b"],
          [some("tags", { op: "in", path: "", values: ["green", "redder"] }), "ab"],
          [some("tags", { op: "gt", path: "", value: "red" }), "b"],
          [some("tags", { op: "present", path: "" }), "abe"],
          [some("numbers", { op: "ge", path: "", value: 20 }), "a"],
          [some("numbers", { op: "in", path: "", values: [3, 1] }), "ab"],
          [some("numbers", eq("", "3")), ""],
          // A scalar has no fields, so `ne` is true.
          [some("tags", eq("value", "red")), ""],
          [some("tags", { op: "ne", path: "value", value: "red" }), "abef"],
          [some("tags", { op: "present", path: "value" }), ""],
        ],
      ),
    );

    it(
      "nests in arrays inside elements",
      selects(
        {
          a: email({ value: "1", labels: ["x", "y"], parts: [{ name: "n", kind: "k" }] }),
          b: email({ value: "1", labels: ["z"] }, { value: "2", parts: [{ name: "n" }, { kind: "k" }] }),
          c: email({ value: "3" }),
          d: {},
        },
        [
          [some("emails", some("labels", eq("", "x"))), "a"],
          [some("emails", { op: "and", all: [eq("value", "1"), some("labels", eq("", "z"))] }), "b"],
          [some("emails", { op: "and", all: [eq("value", "2"), some("labels", eq("", "z"))] }), ""],
          [some("emails", some("parts", { op: "and", all: [eq("name", "n"), eq("kind", "k")] })), "a"],
          [some("emails", some("parts", eq("name", "n"))), "ab"],
          [some("emails", { op: "not", condition: some("parts", eq("name", "n")) }), "bc"],
          [some("emails", { op: "or", all: [some("labels", eq("", "x")), eq("value", "3")] }), "ac"],
        ],
      ),
    );

    it(
      "matches no value that is not an array, and no field of an element that is not an object",
      selects(
        {
          a: { extra: [{ x: "1" }, "1", 1, null, true, [{ x: "1" }]] },
          b: { extra: { x: "1", inner: { x: "1" } } },
          c: { extra: "1" },
          d: { extra: 1 },
          e: { extra: null },
          f: { extra: ["text", { list: ["1"] }, "[1]"] },
          g: { extra: [{ list: "1" }, { list: { x: "1" } }] },
        },
        [
          [some("extra", eq("x", "1")), "a"],
          [some("extra", { op: "present", path: "x" }), "a"],
          [some("extra", some("list", eq("", "1"))), "f"],
          [some("extra", some("list", { op: "and", all: [] })), "f"],
          [some("extra.inner", { op: "and", all: [] }), ""],
        ],
      ),
    );
  });
}
