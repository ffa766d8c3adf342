import { type Organization, organizationInput, organizationShown } from "../../../schemas/organization.ts";
import type { OrganizationContent } from "../../domain/organizations.ts";
import { AppError } from "../../errors.ts";
import { type Answer, type Operation, operation } from "../operation.ts";
import { mergePatch, patchOf } from "./merge-patch.ts";
import { readBody } from "./read.ts";

const one = { path: "/organization", tag: "Organization", isVersioned: true } as const;

const get = operation({
  operationId: "getOrganization",
  method: "get",
  ...one,
  summary: "The organization of the credential",
  organization: {
    scopes: ["admin:read"],
    answers: { 200: organizationShown },
    handle: async ({ caller }, { organizations }) => answerOf(await organizations.own(caller)),
  },
});

const put = operation({
  operationId: "putOrganization",
  method: "put",
  ...one,
  body: organizationInput,
  summary: "Puts other content in the place of what the organization has",
  description: "The same content again changes nothing.",
  organization: {
    scopes: ["admin:write"],
    answers: { 200: organizationShown },
    handle: async ({ caller, expected, body }, { organizations }) =>
      answerOf(await organizations.update(caller, expected, (now) => contentFrom(body, now))),
  },
});

const patch = operation({
  operationId: "patchOrganization",
  method: "patch",
  ...one,
  body: patchOf(organizationInput.shape, "OrganizationPatch"),
  summary: "Changes parts of the organization",
  description: "A JSON merge patch (RFC 7396): null takes a field away, a list is replaced as a whole.",
  organization: {
    scopes: ["admin:write"],
    answers: { 200: organizationShown },
    handle: async ({ caller, expected, body }, { organizations }) =>
      answerOf(
        await organizations.update(caller, expected, (now) =>
          contentFrom(readBody(organizationInput, mergePatch(shown(now), body)), now),
        ),
      ),
  },
});

/** The organisation that the credential is of; nobody meets another. */
export const organizationOperations: readonly Operation[] = [get, put, patch];

/** @throws AppError invalid-value for another slug than the stored one */
function contentFrom(
  { slug, ...content }: OrganizationContent & { readonly slug?: string | undefined },
  now: Organization,
): OrganizationContent {
  if (slug === undefined || slug === now.slug) return content;
  throw new AppError("invalid-value", `slug never changes; it is ${now.slug}.`, { field: "slug" });
}

const answerOf = (organization: Organization): Answer => ({
  status: 200,
  version: organization.version,
  body: shown(organization),
});

function shown({ organizationId: _, ...rest }: Organization): object {
  return rest;
}
