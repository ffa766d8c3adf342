import { isObject, type JsonObject } from "./json.ts";
import type { Attribute } from "./scimmy.ts";

/**
 * Where identity providers deviate from RFC 7643 and 7644, one row each. A row with a function rewrites what was sent
 * into the form of the RFC, before anything checks it. A row without one needs nothing of its own: `rule` says which
 * general rule makes it work.
 */
export interface Quirk {
  readonly name: string;
  readonly vendor: "Microsoft Entra ID" | "Okta";
  readonly source: Source;
  /** What is sent, and what it means here. */
  readonly what: string;
  /** One operation of a PATCH. */
  readonly operation?: (operation: JsonObject) => JsonObject;
  /** What is sent for an attribute or a sub-attribute, a multi-valued one as its whole list. */
  readonly value?: (value: unknown, attribute: Attribute) => unknown;
  /** What is sent for one element of a multi-valued attribute. */
  readonly element?: (element: unknown, attribute: Attribute) => unknown;
  readonly rule?: string;
}

interface Source {
  readonly title: string;
  readonly url: string;
}

const entraIssues: Source = {
  title: "Known issues and resolutions with SCIM 2.0 protocol compliance",
  url: "https://learn.microsoft.com/entra/identity/app-provisioning/application-provisioning-config-problem-scim-compatibility",
};
const entraEndpoint: Source = {
  title: "Develop and plan provisioning for a SCIM endpoint",
  url: "https://learn.microsoft.com/entra/identity/app-provisioning/use-scim-to-provision-users-and-groups",
};
const entraRoles: Source = {
  title: "Customize user provisioning attribute-mappings: provisioning a role to a SCIM app",
  url: "https://learn.microsoft.com/entra/identity/app-provisioning/customize-application-attributes",
};
const entraValidator: Source = {
  title: "Tutorial: validate a SCIM endpoint",
  url: "https://learn.microsoft.com/entra/identity/app-provisioning/scim-validator-tutorial",
};
const oktaScim: Source = {
  title: "Okta and SCIM Version 2.0",
  url: "https://developer.okta.com/docs/api/openapi/okta-scim/guides/scim-20",
};

export const quirks: readonly Quirk[] = [
  {
    name: "capitalised operations",
    vendor: "Microsoft Entra ID",
    source: entraIssues,
    what: '"op": "Add", "Replace", "Remove" are add, replace, remove.',
    operation: ({ op, ...rest }) => ({ ...rest, op: typeof op === "string" ? op.toLowerCase() : op }),
  },
  {
    name: "booleans as texts",
    vendor: "Microsoft Entra ID",
    source: entraIssues,
    what: '"True" and "False", in any letter case, where the schema has a boolean: active, and primary of roles.',
    value: (value, { type }) => {
      const folded = type === "boolean" && typeof value === "string" ? value.toLowerCase() : undefined;
      return folded === "true" ? true : folded === "false" ? false : value;
    },
  },
  {
    name: "manager as a text",
    vendor: "Microsoft Entra ID",
    source: entraEndpoint,
    what: 'The bare id of the manager is its value; "" and {"value": ""} say that there is none.',
    value: (value, { name, type }) => {
      if (name !== "manager" || type !== "complex") return value;
      const id = isObject(value) ? value["value"] : value;
      return id === "" ? null : typeof value === "string" ? { value } : value;
    },
  },
  {
    name: "elements as texts",
    vendor: "Microsoft Entra ID",
    source: entraRoles,
    what: '"roles": ["admin"] is [{"value": "admin"}], as for every multi-valued attribute whose elements have a value.',
    element: (element, { subAttributes }) =>
      typeof element === "string" && subAttributes.has("value") ? { value: element } : element,
  },
  {
    name: "the primary role",
    vendor: "Microsoft Entra ID",
    source: entraRoles,
    what: 'roles[primary eq "True"].value is set where no role is primary: the role is made, and is primary.',
    rule: "add makes the element that a filter of eq asks for; a boolean may be quoted in a filter",
  },
  {
    name: "add to an element that is not there",
    vendor: "Microsoft Entra ID",
    source: entraEndpoint,
    what: 'add of emails[type eq "work"].value makes the work e-mail. replace is refused: RFC 7644 3.5.2.3 has noTarget.',
    rule: "add makes the element that a filter of eq asks for",
  },
  {
    name: "paths as keys",
    vendor: "Microsoft Entra ID",
    source: entraIssues,
    what: 'A value without a path has keys such as name.givenName, emails[type eq "work"].value, urn:...:User:department.',
    rule: "each key of a value without a path is read as a path",
  },
  {
    name: "removal of members by value",
    vendor: "Microsoft Entra ID",
    source: entraIssues,
    what: 'remove of members with [{"$ref": null, "value": "id"}] removes these, besides members[value eq "id"].',
    rule: "elements are removed by their value; what else is said of them does not count",
  },
  {
    name: "legacy schemas",
    vendor: "Microsoft Entra ID",
    source: entraEndpoint,
    what: "schemas names http://schemas.microsoft.com/2006/11/ResourceManagement/ADSCIM/2.0/Group and the like.",
    rule: "schemas of a resource are ours to say: those that were sent are neither kept nor shown",
  },
  {
    name: "meta of what is created",
    vendor: "Microsoft Entra ID",
    source: entraEndpoint,
    what: 'POST has "meta": {"resourceType": "User"}.',
    rule: "read-only attributes of POST and PUT are ignored (RFC 7644 3.3 and 3.5.1)",
  },
  {
    name: "a reference beside the manager",
    vendor: "Microsoft Entra ID",
    source: entraEndpoint,
    what: '"manager": {"$ref": null, "value": "id"} sets the value.',
    rule: "null is unassigned; read-only parts of a value that has others are ignored",
  },
  {
    name: "no operations",
    vendor: "Microsoft Entra ID",
    source: entraValidator,
    what: '"Operations": [] changes nothing, and succeeds.',
    rule: "a PATCH is done when all of its operations are",
  },
  {
    name: "null for a list",
    vendor: "Okta",
    source: oktaScim,
    what: '"phoneNumbers": null says that there are none.',
    rule: "null and the empty list unassign (RFC 7643 2.5)",
  },
  {
    name: "a password",
    vendor: "Okta",
    source: oktaScim,
    what: "A password comes with new users, and when it changes, also from organisations that sign in elsewhere.",
    rule: "write-only attributes are checked and not kept",
  },
  {
    name: "the id beside the change",
    vendor: "Okta",
    source: oktaScim,
    what: 'A group is renamed by replace without a path and {"id": "...", "displayName": "..."}.',
    rule: "the resource's own id changes nothing; another is a fault of mutability",
  },
  {
    name: "groups of a new user",
    vendor: "Okta",
    source: oktaScim,
    what: 'POST has "groups": [].',
    rule: "read-only attributes of POST and PUT are ignored (RFC 7644 3.3 and 3.5.1)",
  },
];

/** Each of these is a chain: what one row makes of it, the next one sees. */
export const normaliseOperation = (operation: JsonObject): JsonObject =>
  quirks.reduce((sent, quirk) => quirk.operation?.(sent) ?? sent, operation);

export const normaliseValue = (value: unknown, attribute: Attribute): unknown =>
  valueQuirks.reduce((sent, rewrite) => rewrite(sent, attribute), value);

export const normaliseElement = (element: unknown, attribute: Attribute): unknown =>
  elementQuirks.reduce((sent, rewrite) => rewrite(sent, attribute), element);

const valueQuirks = quirks.flatMap(({ value }) => value ?? []);
const elementQuirks = quirks.flatMap(({ element }) => element ?? []);
