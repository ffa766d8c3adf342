import { groupUrn, patchUrn, userUrn } from "../../support/service.ts";

const bulkUrn = "urn:ietf:params:scim:api:messages:2.0:BulkRequest";

export const bulkRequest = (Operations: readonly unknown[], more: object = {}) => ({
  schemas: [bulkUrn],
  Operations,
  ...more,
});

/** One entry of a bulk answer. */
export interface Entry {
  readonly method?: string;
  readonly bulkId?: string;
  readonly location?: string;
  readonly version?: string;
  readonly status: string;
  readonly response?: { readonly schemas: string[]; readonly status: string; scimType?: string; detail: string };
}

export const newUser = (bulkId: string, more: object = {}) => ({
  method: "POST",
  path: "/Users",
  bulkId,
  data: { schemas: [userUrn], userName: bulkId, ...more },
});

/** @param members ids, or `bulkId:` and a name */
export const newGroup = (bulkId: string, members: readonly string[] = [], more: object = {}) => ({
  method: "POST",
  path: "/Groups",
  bulkId,
  data: { schemas: [groupUrn], displayName: bulkId, members: members.map((value) => ({ value })), ...more },
});

export const patching = (path: string, ...Operations: readonly object[]) => ({
  method: "PATCH",
  path,
  data: { schemas: [patchUrn], Operations },
});

export const idIn = ({ location = "" }: Entry): string => location.slice(location.lastIndexOf("/") + 1);
