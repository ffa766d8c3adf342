import { type Organization, organizationInput, organizationResponse } from "../../../../schemas/organization.ts";
import type { OrganizationSettings } from "../../../domain/organizations.ts";
import { AppError } from "../../../errors.ts";
import { applyMergePatch, toMergePatchSchema } from "../kernel/merge-patch.ts";
import { defineOperation, type Operation, type OperationResponse } from "../kernel/operation.ts";
import { idempotentPutText, mergePatchText } from "../kernel/operation-texts.ts";
import { parseBody } from "../kernel/validation.ts";

const route = { path: "/organization", tag: "Organization", isVersioned: true } as const;

const get = defineOperation({
  operationId: "getOrganization",
  method: "get",
  ...route,
  summary: "Get the organization",
  description: "Returns the organization of the credential, with its settings.",
  organization: {
    scopes: ["admin:read"],
    responses: { 200: organizationResponse },
    handle: async ({ caller }, { organizations }) => toOrganizationResponse(await organizations.getOwn(caller)),
  },
});

const put = defineOperation({
  operationId: "putOrganization",
  method: "put",
  ...route,
  body: organizationInput,
  summary: "Replace the organization's settings",
  description: idempotentPutText,
  organization: {
    scopes: ["admin:write"],
    responses: { 200: organizationResponse },
    handle: async ({ caller, expected, body }, { organizations }) =>
      toOrganizationResponse(await organizations.update(caller, expected, (current) => toContent(body, current))),
  },
});

const patch = defineOperation({
  operationId: "patchOrganization",
  method: "patch",
  ...route,
  body: toMergePatchSchema(organizationInput.shape, "OrganizationPatch"),
  summary: "Update the organization's settings",
  description: mergePatchText,
  organization: {
    scopes: ["admin:write"],
    responses: { 200: organizationResponse },
    handle: async ({ caller, expected, body }, { organizations }) =>
      toOrganizationResponse(
        await organizations.update(caller, expected, (current) =>
          toContent(parseBody(organizationInput, applyMergePatch(renderOrganization(current), body)), current),
        ),
      ),
  },
});

/** The operations on the organization of the credential. No other organization is reachable. */
export const organizationOperations: readonly Operation[] = [get, put, patch];

/** @throws AppError invalid-value if the slug differs from the stored one */
function toContent(
  { slug, ...content }: OrganizationSettings & { readonly slug?: string | undefined },
  current: Organization,
): OrganizationSettings {
  if (slug === undefined || slug === current.slug) return content;
  throw new AppError("invalid-value", "slug cannot be changed. Omit it, or send the current value.", { field: "slug" });
}

const toOrganizationResponse = (organization: Organization): OperationResponse => ({
  status: 200,
  version: organization.version,
  body: renderOrganization(organization),
});

/** Without `lockVersion`, the counter of changes of extension schemas. */
function renderOrganization(organization: Organization): object {
  const { organizationId: _, lockVersion: _l, ...rest } = organization;
  return rest;
}
