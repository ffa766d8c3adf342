import { isFault } from "../../../src/errors.ts";
import { elementPredicate } from "../../../src/http/scim/element-match.ts";
import { conditionOf } from "../../../src/http/scim/filter.ts";
import { parsePatchPath } from "../../../src/http/scim/filter-parser.ts";
import { userSchema } from "../../../src/http/scim/schema.ts";

/** Filled up to what a filter may hold. */
const fill = (text: string, before = "", after = ""): string =>
  before + text.repeat(Math.floor((4096 - before.length - after.length) / text.length)) + after;

/** What would pollute a prototype, or keep a reader that goes back busy for ever. All of it is to be refused. */
export const attacks: readonly string[] = [
  '__proto__.p eq "x"',
  '__proto__ eq "x"',
  'constructor.entries eq "x"',
  'constructor.prototype.p eq "x"',
  'emails[__proto__.p eq "x"]',
  'emails[constructor.prototype.p eq "x"]',
  `${userSchema.urn}:__proto__.p eq "x"`,
  'name.__proto__ eq "x"',
  fill("\n", 'userName eq "'),
  fill("\\", 'userName eq "'),
  fill('\\"', 'userName eq "'),
  fill(" ", "userName", "eq"),
  fill("("),
  fill("not ("),
  fill("emails[", "", ""),
  fill('(title eq "a" or title eq "b") and ', "", "x"),
  fill("title pr or ", "", "x"),
  fill(":", "urn:"),
  fill("a:", "urn:", " pr"),
  fill(".", "a", " pr"),
  fill('"'),
  fill("9", "title eq "),
  fill("1", "title eq -", "e"),
];

/** Run as a program: tells what came of each. */
if (process.argv[2] === "run") {
  const before = [Object.prototype, Object, Function.prototype, Array.prototype].map((each) =>
    Object.getOwnPropertyNames(each).join(),
  );
  const emails = userSchema.attributes.get("emails");
  const tries: readonly ((text: string) => unknown)[] = [
    (text) => conditionOf(text, userSchema),
    (text) => {
      const { filter } = parsePatchPath(`emails[${text}]`.slice(0, 4096));
      return filter && emails && elementPredicate(filter, emails);
    },
  ];
  const outcomes = tries.flatMap((each) =>
    attacks.map((text) => {
      try {
        each(text);
        return "accepted";
      } catch (error) {
        return isFault(error) ? error.fault : String(error);
      }
    }),
  );
  const after = [Object.prototype, Object, Function.prototype, Array.prototype].map((each) =>
    Object.getOwnPropertyNames(each).join(),
  );
  process.stdout.write(
    JSON.stringify({ outcomes, polluted: before.join(";") !== after.join(";"), entries: Object.entries({ a: 1 }) }),
  );
}
