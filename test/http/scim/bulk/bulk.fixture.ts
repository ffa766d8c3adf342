import { groupUrn, patchUrn, userUrn } from "../../../support/service.ts";

const bulkUrn = "urn:ietf:params:scim:api:messages:2.0:BulkRequest";

export const buildBulkRequest = (Operations: readonly unknown[], more: object = {}) => ({
  schemas: [bulkUrn],
  Operations,
  ...more,
});

/** One result in a bulk response. */
export interface BulkResponseOperation {
  readonly method?: string;
  readonly bulkId?: string;
  readonly location?: string;
  readonly version?: string;
  readonly status: string;
  readonly response?: { readonly schemas: string[]; readonly status: string; scimType?: string; detail: string };
}

export const createUserOperation = (bulkId: string, more: object = {}) => ({
  method: "POST",
  path: "/Users",
  bulkId,
  data: { schemas: [userUrn], userName: bulkId, ...more },
});

/** @param members ids, or references `bulkId:name` */
export const createGroupOperation = (bulkId: string, members: readonly string[] = [], more: object = {}) => ({
  method: "POST",
  path: "/Groups",
  bulkId,
  data: { schemas: [groupUrn], displayName: bulkId, members: members.map((value) => ({ value })), ...more },
});

export const patchOperation = (path: string, ...Operations: readonly object[]) => ({
  method: "PATCH",
  path,
  data: { schemas: [patchUrn], Operations },
});

export const idFromLocation = ({ location = "" }: BulkResponseOperation): string =>
  location.slice(location.lastIndexOf("/") + 1);
