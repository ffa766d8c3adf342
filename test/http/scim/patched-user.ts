import { expect } from "chai";
import type { AppError } from "../../../src/errors.ts";
import { inboundUser, outboundAttributes } from "../../../src/http/scim/inbound.ts";
import { patchedUser } from "../../../src/http/scim/patch.ts";
import { patchOperations, patchUrn } from "../../../src/http/scim/patch-message.ts";
import { enterpriseUrn } from "../../../src/http/scim/scimmy.ts";
import { refusal } from "./refusal.ts";

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
export const bare = { userName: "ada", active: true };

/** As the door does it: the message is read, the operations are done, and the result is checked as a whole. */
export const patched = (user: Readonly<Record<string, unknown>>, ...operations: object[]): Record<string, unknown> => {
  const before = JSON.stringify(user);
  const result = patchedUser(id, user, patchOperations({ schemas: [patchUrn], Operations: operations }));
  expect(JSON.stringify(user)).to.equal(before);
  return outboundAttributes(inboundUser(result));
};
export const refused = (user: Readonly<Record<string, unknown>>, ...operations: object[]): AppError =>
  refusal(() => patched(user, ...operations));
