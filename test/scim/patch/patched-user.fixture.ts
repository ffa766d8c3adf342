import { expect } from "chai";
import type { AppError } from "../../../src/errors.ts";
import { parsePatchOperations, patchUrn } from "../../../src/scim/patch/message.ts";
import { applyUserPatch } from "../../../src/scim/patch/user-patch.ts";
import { enterpriseUrn } from "../../../src/scim/schema/definitions.ts";
import { parseUser, toScimAttributes } from "../../../src/scim/values/inbound.ts";
import { catchAppError } from "../rejection.fixture.ts";

export const id = "usr_1";
export const work = { value: "ada@work.example", type: "work", primary: true };
export const home = { value: "ada@home.example", type: "home" };
export const ada = {
  userName: "ada",
  active: true,
  name: { givenName: "Ada", familyName: "King" },
  title: "Countess",
  emails: [work, home],
  addresses: [
    { type: "work", locality: "London" },
    { type: "home", locality: "Ockham" },
  ],
  [enterpriseUrn]: { department: "Engines", manager: { value: "usr_2" } },
};
export const minimalUser = { userName: "ada", active: true };

/** Like the endpoint: parses the message, applies the operations, and validates the result. */
export const applyPatch = (
  user: Readonly<Record<string, unknown>>,
  ...operations: object[]
): Record<string, unknown> => {
  const before = JSON.stringify(user);
  const result = applyUserPatch(id, user, parsePatchOperations({ schemas: [patchUrn], Operations: operations }));
  expect(JSON.stringify(user)).to.equal(before);
  return toScimAttributes(parseUser(result));
};
export const rejectedPatch = (user: Readonly<Record<string, unknown>>, ...operations: object[]): AppError =>
  catchAppError(() => applyPatch(user, ...operations));
