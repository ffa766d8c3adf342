import { expect } from "chai";
import { parsePatchPath } from "../../../src/scim/filter/parser.ts";
import type { ScimFilter } from "../../../src/scim/filter/syntax.ts";
import { rejection } from "./error-text.fixture.ts";

describe("RFC 7644 3.5.2: the grammar of PATCH paths", () => {
  const filter: ScimFilter = { op: "eq", path: "type", value: "work", position: 7 };
  const enterprise = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";
  const paths: readonly (readonly [string, unknown])[] = [
    ["userName", { path: "userName" }],
    ["name.familyName", { path: "name.familyName" }],
    ["members.$ref", { path: "members.$ref" }],
    [enterprise, { path: enterprise }],
    [`${enterprise}:manager.value`, { path: `${enterprise}:manager.value` }],
    [' emails[type eq "work"] ', { path: "emails", filter: { ...filter, position: 8 } }],
    ['emails[type eq "work"]', { path: "emails", filter }],
    ['emails[type eq "work"].value', { path: "emails", filter, subAttribute: "value" }],
    ['emails[type eq "]."].value', { path: "emails", filter: { ...filter, value: "]." }, subAttribute: "value" }],
    [
      'emails[not (type eq "work")].value',
      { path: "emails", filter: { op: "not", filter: { ...filter, position: 12 } }, subAttribute: "value" },
    ],
  ];
  for (const [source, path] of paths) {
    it(`parses ${JSON.stringify(source)}`, () => expect(parsePatchPath(source)).to.deep.equal(path));
  }

  const malformed = [
    "",
    " ",
    ".value",
    "emails.",
    "emails..value",
    "a b",
    "a,b",
    'a"b',
    "emails]",
    "(emails)",
    "http://example.com:a",
    '[type eq "work"]',
    'emails[type eq "work"].',
    'emails[type eq "work"]value',
    'emails[type eq "work"].value.x',
    'emails[type eq "work"].value[type pr]',
    'emails[type eq "work"][type pr]',
    'emails[type eq "work"] or value pr',
    "x".repeat(4097),
  ];
  for (const source of malformed) {
    it(`rejects ${JSON.stringify(source.slice(0, 40))} with invalid-path`, () => {
      expect(rejection(() => parsePatchPath(source))).to.match(/^invalid-path: /);
    });
  }

  for (const source of [
    "emails[]",
    "emails[",
    "emails[type]",
    "emails[type eq work]",
    "emails[type pr",
    "e[a[b pr]]",
  ]) {
    it(`rejects the filter of ${source} with invalid-filter`, () => {
      expect(rejection(() => parsePatchPath(source))).to.match(/^invalid-filter: At character \d+: /);
    });
  }
});
