import type { Attribute } from "../schema/definitions.ts";
import { isObject } from "../values/json.ts";
import { type Quirk, type QuirkSource, withMember } from "./quirk.ts";

const issue = (repository: string, number: number): QuirkSource => ({
  title: `${repository} #${number}`,
  url: `https://github.com/${repository}/issues/${number}`,
});

/** The quirks of clients beyond Entra ID and Okta: of other identity providers, and of libraries in many products. */
export const clientQuirks: readonly Quirk[] = [
  {
    name: "a list of one",
    vendor: "SCIM-SDK (Keycloak plug-ins), Ping, Entra ID",
    source: issue("Captain-P-Goldfish/SCIM-SDK", 47),
    behavior: '"displayName": ["x"], "manager": [{...}] mean the element. A list of two or more is an error.',
    value: (value, { multiValued }) => (multiValued ? value : unwrapListOfOne(value)),
  },
  {
    name: "an object in place of a value",
    vendor: "Ping, Entra ID",
    source: {
      title: "AzureAD/SCIMReferenceCode: OperationValue",
      url: "https://github.com/AzureAD/SCIMReferenceCode",
    },
    behavior: '"active": [{"$ref": null, "value": "False"}] means "active": "False".',
    value: (value, { multiValued, type }) => (multiValued || type === "complex" ? value : unwrapValueObject(value)),
  },
  {
    name: "one value in place of a list",
    vendor: "OneLogin",
    source: { title: "OneLogin: SCIM provisioning", url: "https://developers.onelogin.com/scim/create-app" },
    behavior: '"emails": {...} and "roles": "admin" mean a list of that one element.',
    value: (value, { multiValued }) =>
      multiValued && value !== null && value !== undefined && !Array.isArray(value) ? [value] : value,
  },
  {
    name: "a value without a path in a list",
    vendor: "SCIM-SDK (Keycloak plug-ins)",
    source: issue("Captain-P-Goldfish/SCIM-SDK", 47),
    behavior: 'Without a path, "value": [{"active": false}] means {"active": false}.',
    operation: (operation) =>
      operation["path"] ? operation : withMember(operation, "value", unwrapListOfOne(operation["value"])),
  },
  {
    name: "the attribute repeated in its value",
    vendor: "Ping",
    source: { title: "pingidentity/scim2 #267", url: "https://github.com/pingidentity/scim2/pull/267" },
    behavior: 'remove of members with {"members": [...]} means the list.',
    changeValue: unwrapNamedValue,
  },
  {
    name: "a value beside the path of a remove",
    vendor: "Databricks, SAP",
    source: {
      title: "databricks/terraform-provider-databricks #3374",
      url: "https://github.com/databricks/terraform-provider-databricks/pull/3374",
    },
    behavior:
      'remove of title, or of emails[type eq "work"], ignores a value, also null or "": the path says what to remove.',
    rule: "remove reads a value only for a list without a filter, where null is an error: it could mean nothing or all",
  },
  {
    name: "keys in another case",
    vendor: "ICE, Huawei Cloud, clients that follow Microsoft's guideline",
    source: {
      title: "SCIM request contracts",
      url: "https://developer.icemortgagetechnology.com/developer-connect/reference/contracts-17",
    },
    behavior: '"operations", "Op", "Path", "Value". Two spellings of one key in one object are an error.',
    rule: "the keys of a message are case-insensitive",
  },
  {
    name: "a PATCH without schemas",
    vendor: "Databricks, Ping (in bulk requests), SSOReady's example",
    source: { title: "ssoready/ssoready #182", url: "https://github.com/ssoready/ssoready/pull/182" },
    behavior: "schemas is missing, null or empty. The schema of another message is an error.",
    rule: "the schema of a PATCH is known from its method",
  },
  {
    name: "members selected by type or name",
    vendor: "WSO2, ICE",
    source: {
      title: "SCIM request contracts",
      url: "https://developer.icemortgagetechnology.com/developer-connect/reference/contracts-17",
    },
    behavior: 'remove of members[value eq "id" and type eq "User"], members[type eq "User"], members[display eq "x"].',
    rule: "a filter of members in remove can compare value, type and display",
  },
  {
    name: "enterprise attributes without URN",
    vendor: "Entra ID, Microsoft's samples",
    source: {
      title: "MicrosoftDocs/azure-docs #11784",
      url: "https://github.com/MicrosoftDocs/azure-docs/issues/11784",
    },
    behavior: "department, manager and the others, in bodies, paths, filters, sortBy and attributes.",
    rule: "an attribute that the core schema does not define is looked up in the enterprise extension",
  },
  {
    name: "other URNs of the enterprise extension",
    vendor: "OneLogin, WSO2, ConnId, Entra ID's Slack app",
    source: {
      title: "Tutorial: configure Slack for automatic user provisioning",
      url: "https://learn.microsoft.com/entra/identity/saas-apps/slack-provisioning-tutorial",
    },
    behavior: "urn:scim:schemas:extension:enterprise:1.0, ...enterprise:2.0, ...:User.department, manager.managerId.",
    rule: "aliases of the URN, a dot after it, and managerId for value",
  },
  {
    name: "the core URN as a key",
    vendor: "scimitar, scim2-models",
    source: { title: "pond/scimitar", url: "https://github.com/pond/scimitar" },
    behavior: '{"urn:ietf:params:scim:schemas:core:2.0:User": {...}} means the attributes in the object.',
    rule: "the core URN qualifies attributes; schemas inside an extension is ignored",
  },
  {
    name: "elements without content",
    vendor: "Okta",
    source: {
      title: "Okta and SCIM Version 2.0",
      url: "https://developer.okta.com/docs/api/openapi/okta-scim/guides/scim-20",
    },
    behavior: '[{"value": null, "type": "work"}] and [{}] are dropped: type, primary and display describe a value.',
    rule: "an element without a value, or any other content, is unassigned",
  },
  {
    name: "JSON in a string",
    vendor: "SCIM-SDK (Keycloak plug-ins)",
    source: issue("Captain-P-Goldfish/SCIM-SDK", 47),
    behavior: '"emails": ["{\\"value\\": \\"a@example.com\\"}"] is an error, not an address.',
    rule: "the value of an element is not a JSON document",
  },
  {
    name: "read-only attributes in a whole resource",
    vendor: "Apache Syncope, midPoint (ConnId)",
    source: { title: "ConnId SCIM bundle", url: "https://github.com/Tirasa/ConnIdSCIMBundle" },
    behavior: "A value without a path contains id, meta, groups and manager.displayName, also if they differ.",
    rule: "read-only attributes in a value without a path are ignored; a path to one is an error",
  },
];

function unwrapListOfOne(value: unknown): unknown {
  return Array.isArray(value) && value.length === 1 ? value[0] : value;
}

function unwrapValueObject(value: unknown): unknown {
  if (!isObject(value)) return value;
  const [key, ...more] = Object.keys(value).filter((name) => name.toLowerCase() !== "$ref");
  return key?.toLowerCase() === "value" && more.length === 0 ? value[key] : value;
}

/**
 * Returns the value of the only key, if that is the name of the attribute and of none of its sub-attributes. A value that
 * repeats it again is unwrapped again, so that reading what was read changes nothing.
 */
function unwrapNamedValue(input: unknown, attribute: Attribute): unknown {
  const { name, subAttributes } = attribute;
  const object = unwrapListOfOne(input);
  if (!isObject(object)) return input;
  const [key = "", ...more] = Object.keys(object);
  const isRepeated = more.length === 0 && key.toLowerCase() === name.toLowerCase();
  const value = object[key] ?? undefined;
  if (!isRepeated || subAttributes.has(key.toLowerCase()) || value === undefined) return input;
  return unwrapNamedValue(value, attribute);
}
