import type { Attribute } from "../schema/definitions.ts";
import { isObject, type JsonObject } from "../values/json.ts";
import { clientQuirks } from "./client-quirks.ts";
import { type Quirk, type QuirkSource, withMember } from "./quirk.ts";

const entraIssues: QuirkSource = {
  title: "Known issues and resolutions with SCIM 2.0 protocol compliance",
  url: "https://learn.microsoft.com/entra/identity/app-provisioning/application-provisioning-config-problem-scim-compatibility",
};
const entraEndpoint: QuirkSource = {
  title: "Develop and plan provisioning for a SCIM endpoint",
  url: "https://learn.microsoft.com/entra/identity/app-provisioning/use-scim-to-provision-users-and-groups",
};
const entraRoles: QuirkSource = {
  title: "Customize user provisioning attribute-mappings: provisioning a role to a SCIM app",
  url: "https://learn.microsoft.com/entra/identity/app-provisioning/customize-application-attributes",
};
const entraValidator: QuirkSource = {
  title: "Tutorial: validate a SCIM endpoint",
  url: "https://learn.microsoft.com/entra/identity/app-provisioning/scim-validator-tutorial",
};
const oktaScim: QuirkSource = {
  title: "Okta and SCIM Version 2.0",
  url: "https://developer.okta.com/docs/api/openapi/okta-scim/guides/scim-20",
};

/** All known quirks, with their sources. Those of the shape of values come first: the others see the value itself. */
export const quirks: readonly Quirk[] = [
  ...clientQuirks,
  {
    name: "capitalized operations",
    vendor: "Microsoft Entra ID",
    source: entraIssues,
    behavior: '"op": "Add", "Replace" and "Remove" mean add, replace and remove.',
    operation: (operation) => {
      const { op } = operation;
      return typeof op === "string" ? withMember(operation, "op", op.toLowerCase()) : operation;
    },
  },
  {
    name: "booleans as strings",
    vendor: "Microsoft Entra ID",
    source: entraIssues,
    behavior: '"True" and "False", case-insensitively, for attributes of type boolean: active, and primary of roles.',
    value: (value, { type }) => {
      const normalized = type === "boolean" && typeof value === "string" ? value.toLowerCase() : undefined;
      return normalized === "true" ? true : normalized === "false" ? false : value;
    },
  },
  {
    name: "manager as a string",
    vendor: "Microsoft Entra ID",
    source: entraEndpoint,
    behavior: 'The plain id of the manager sets its value; "" and {"value": ""} unassign the manager.',
    value: (value, { name, type }) => {
      if (name !== "manager" || type !== "complex") return value;
      const id = isObject(value) ? (value["value"] ?? value["managerId"]) : value;
      return id === "" ? null : typeof value === "string" ? { value } : value;
    },
  },
  {
    name: "elements as strings",
    vendor: "Microsoft Entra ID",
    source: entraRoles,
    behavior:
      '"roles": ["admin"] means [{"value": "admin"}], as in every multi-valued attribute with the sub-attribute value.',
    element: (element, { subAttributes }) =>
      typeof element === "string" && subAttributes.has("value") ? { value: element } : element,
  },
  {
    name: "the primary role",
    vendor: "Microsoft Entra ID",
    source: entraRoles,
    behavior: 'add of roles[primary eq "True"].value without a primary role creates a primary role.',
    rule: "add creates the element that a filter of eq comparisons describes; a filter may quote a boolean",
  },
  {
    name: "add to a missing element",
    vendor: "Microsoft Entra ID",
    source: entraEndpoint,
    behavior:
      'add of emails[type eq "work"].value creates the work email. replace fails with noTarget (RFC 7644 3.5.2.3).',
    rule: "add creates the element that a filter of eq comparisons describes",
  },
  {
    name: "paths as keys",
    vendor: "Microsoft Entra ID",
    source: entraIssues,
    behavior:
      'A value without a path has keys such as name.givenName, emails[type eq "work"].value, urn:...:User:department.',
    rule: "each key of a value without a path is parsed as a path",
  },
  {
    name: "removal of members by value",
    vendor: "Microsoft Entra ID",
    source: entraIssues,
    behavior:
      'remove of members with [{"$ref": null, "value": "id"}] removes these members, like members[value eq "id"].',
    rule: "elements are removed by their value; their other sub-attributes are ignored",
  },
  {
    name: "legacy schemas",
    vendor: "Microsoft Entra ID",
    source: entraEndpoint,
    behavior:
      "schemas contains http://schemas.microsoft.com/2006/11/ResourceManagement/ADSCIM/2.0/Group or similar URIs.",
    rule: "the service determines the schemas of a resource and ignores those in the request",
  },
  {
    name: "meta of a new resource",
    vendor: "Microsoft Entra ID",
    source: entraEndpoint,
    behavior: 'POST contains "meta": {"resourceType": "User"}.',
    rule: "read-only attributes of POST and PUT are ignored (RFC 7644 3.3 and 3.5.1)",
  },
  {
    name: "a reference beside the manager",
    vendor: "Microsoft Entra ID",
    source: entraEndpoint,
    behavior: '"manager": {"$ref": null, "value": "id"} sets the value.',
    rule: "null is unassigned; read-only sub-attributes beside others are ignored",
  },
  {
    name: "no operations",
    vendor: "Microsoft Entra ID",
    source: entraValidator,
    behavior: '"Operations": [] succeeds without a change.',
    rule: "a PATCH succeeds when all of its operations do",
  },
  {
    name: "null for a list",
    vendor: "Okta",
    source: oktaScim,
    behavior: '"phoneNumbers": null removes all phone numbers.',
    rule: "null and the empty list unassign (RFC 7643 2.5)",
  },
  {
    name: "a password",
    vendor: "Okta",
    source: oktaScim,
    behavior: "POST and password changes contain a password, even if the organization does not sign in with it.",
    rule: "write-only attributes are validated and not stored",
  },
  {
    name: "the id beside the change",
    vendor: "Okta",
    source: oktaScim,
    behavior: 'replace without a path renames a group with {"id": "...", "displayName": "..."}.',
    rule: "the id of the resource is ignored; another id fails with mutability",
  },
  {
    name: "groups of a new user",
    vendor: "Okta",
    source: oktaScim,
    behavior: 'POST contains "groups": [].',
    rule: "read-only attributes of POST and PUT are ignored (RFC 7644 3.3 and 3.5.1)",
  },
];

/** Applies the quirks to an operation of a PATCH. Each quirk receives the result of the previous one. */
export const normalizeOperation = (operation: JsonObject): JsonObject =>
  operationRewrites.reduce((current, rewrite) => rewrite(current), operation);

/** Applies the quirks to the value of an operation whose path names the attribute, without a filter. */
export const normalizeChangeValue = (value: unknown, attribute: Attribute): unknown =>
  changeValueRewrites.reduce((current, rewrite) => rewrite(current, attribute), value);

/** Applies the quirks to the value of an attribute. */
export const normalizeValue = (value: unknown, attribute: Attribute): unknown =>
  valueRewrites.reduce((current, rewrite) => rewrite(current, attribute), value);

/** Applies the quirks to one element of a multi-valued attribute. */
export const normalizeElement = (element: unknown, attribute: Attribute): unknown =>
  elementRewrites.reduce((current, rewrite) => rewrite(current, attribute), element);

const operationRewrites = quirks.flatMap(({ operation }) => operation ?? []);
const changeValueRewrites = quirks.flatMap(({ changeValue }) => changeValue ?? []);
const valueRewrites = quirks.flatMap(({ value }) => value ?? []);
const elementRewrites = quirks.flatMap(({ element }) => element ?? []);
