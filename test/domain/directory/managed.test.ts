import { expect } from "chai";
import {
  assertCanEdit,
  type Editor,
  type Managed,
  resolveManagedBy,
  toEditDetails,
} from "../../../src/domain/directory/managed.ts";
import { hasErrorCode } from "../../../src/errors.ts";

const byAdmins: Managed = {};
const byProvider: Managed = { managedBy: "scim" };

describe("Management by the identity provider", () => {
  const rows: readonly [
    stored: Managed,
    editor: Editor,
    isAllowed: boolean,
    after: Managed,
    details: object | undefined,
  ][] = [
    [byAdmins, "admin", true, byAdmins, undefined],
    [byAdmins, "override", true, byAdmins, undefined],
    [byAdmins, "scim", true, byProvider, { managedBy: "scim" }],
    [byProvider, "admin", false, byProvider, undefined],
    [byProvider, "override", true, byProvider, { override: true }],
    [byProvider, "scim", true, byProvider, undefined],
  ];
  for (const [stored, editor, isAllowed, after, details] of rows) {
    const manager = stored.managedBy === undefined ? "admins" : "the identity provider";
    it(`${editor} ${isAllowed ? "can" : "cannot"} change a resource that ${manager} manage${stored.managedBy ? "s" : ""}`, () => {
      let thrown: unknown;
      try {
        assertCanEdit(stored, editor, "user");
      } catch (error) {
        thrown = error;
      }
      expect(hasErrorCode(thrown, "managed")).to.equal(!isAllowed);
      expect(resolveManagedBy(stored, editor)).to.deep.equal(after);
      expect(toEditDetails(stored, editor).details).to.deep.equal(details);
      expect(toEditDetails(stored, editor, { added: 1 }).details).to.deep.equal({ added: 1, ...details });
    });
  }
});
