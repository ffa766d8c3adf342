import { redactText } from "../../log.ts";

const stringLengthMax = 2000;
const elementsMax = 20;
const depthMax = 5;
/** Values of one body; the beginning of a large body is enough to diagnose it. */
const valuesMax = 200;

/** Keys whose values describe the request and never a user. */
const unmaskedKeys = new Set(["schemas", "type"]);
/** The only values of `keywordKeys` that are not masked. */
const keywords = /^(add|remove|replace|true|false)$/i;
const keywordKeys = new Set(["op", "primary", "active"]);
const unmaskedParameters = /^(filter|startIndex|count|sortBy|sortOrder|attributes|excludedAttributes)$/i;
/** A number, a word, or attribute names with commas, spaces and colons plain or percent-encoded; not an address. */
const plainParameterPattern = /^(?:[\w.:$,*+-]|%(?:20|2C|3A|24))*$/i;
/** An attribute name or a URN; any other key may be a value that was sent in the wrong place. */
const attributeNamePattern = /^(urn:[\w:.-]{1,100}|[a-z$]{1,40})$/i;

/**
 * Masks the values of a body. Attribute names, operations, booleans and ids of users and groups stay visible, up to
 * `valuesMax` values.
 */
export function maskValue(value: unknown, key = "", depth = 0, budget = { remaining: valuesMax }): unknown {
  if (budget.remaining-- <= 0) return "...";
  if (typeof value === "string") {
    if (resourceIdPattern.test(value)) return value;
    if (key.toLowerCase() === "path") return maskPath(value);
    const isKeyword = keywordKeys.has(key.toLowerCase()) && keywords.test(value);
    return isKeyword || unmaskedKeys.has(key.toLowerCase()) ? sanitize(value) : "***";
  }
  if (typeof value === "number") return "***";
  if (typeof value !== "object" || value === null) return value;
  if (depth >= depthMax) return "...";
  if (Array.isArray(value)) {
    const items = value.slice(0, elementsMax).map((each) => maskValue(each, key, depth + 1, budget));
    return value.length > elementsMax ? [...items, `${value.length - elementsMax} more`] : items;
  }
  const entries = Object.entries(value).slice(0, elementsMax);
  return Object.fromEntries(
    entries.map(([name, each], index) => [
      attributeNamePattern.test(name) ? redactText(name) : `*** ${index + 1}`,
      maskValue(each, name, depth + 1, budget),
    ]),
  );
}

/** Masks the values in the filter of a PATCH path, and a string that is neither a PATCH path nor a path of a bulk request. */
function maskPath(path: string): string {
  const masked = sanitize(path);
  const isPath = attributePathPattern.test(withoutFilter(masked)) || bulkPathPattern.test(masked);
  return isPath || masked === "" ? masked : "***";
}

const withoutFilter = (path: string): string => path.replace(/\[[^\]]*\]/, "[...]");
const bulkPathPattern = /^\/[a-z]{1,20}(?:\/[\w:-]{1,80})?$/i;

/**
 * Masks the quoted values in an error message, except ids of users and groups.
 * @param quotesNames whether the API quotes the names of attributes in its messages, which stay visible, and no values
 */
export function maskDetail(detail: string, quotesNames: boolean): string {
  const text = detail.slice(0, stringLengthMax).replace(quotedValuePattern, (quoted) => {
    // The filter of a PATCH path has values.
    const name = withoutFilter(parseQuoted(quoted));
    const isVisible = resourceIdPattern.test(name) || (quotesNames && attributePathPattern.test(name));
    return isVisible ? `"${name}"` : '"***"';
  });
  return clean(text.replace(unquotedValuePattern, "$1***"));
}

function parseQuoted(quoted: string): string {
  try {
    return String(JSON.parse(quoted));
  } catch {
    return "";
  }
}

/**
 * An attribute path: a URN, a name (RFC 7643 section 2.1) and further names after dots. Anything else may be a value in
 * the wrong place.
 */
const attributePathPattern = /^(?:urn:[\w:.-]{1,200}|[a-z$][\w$-]{0,60}(?:\[\.{3}\])?(?:\.[a-z$][\w$-]{0,60}){0,3})$/i;
const resourceIdPattern = /^(?:usr|grp)_[0-9A-HJKMNP-TV-Z]{26}$/;

/** Masks the values of all parameters but SCIM's: an unknown parameter may hold a credential. */
export function maskUrl(url: string): string {
  const [path = "", query] = url.slice(0, stringLengthMax).split(/\?(.*)/s);
  if (query === undefined) return sanitize(path);
  const parameters = query.split("&").map((parameter) => {
    const [name = "", value] = parameter.split(/=(.*)/s);
    if (value === undefined) return attributeNamePattern.test(name) ? name : "***";
    return unmaskedParameters.test(name) && (/^filter$/i.test(name) || plainParameterPattern.test(value))
      ? parameter
      : `${attributeNamePattern.test(name) ? name : "***"}=***`;
  });
  return sanitize(`${path}?${parameters.join("&")}`);
}

/** Truncates a string and removes credentials, filter values, NULs and unpaired surrogates. */
function sanitize(value: string): string {
  const text = value.slice(0, stringLengthMax);
  // Most paths and URNs are plain, and every request of SCIM is logged.
  return plainTextPattern.test(text) ? redactText(text) : clean(maskFilterValues(text));
}

/** Without quotation marks, spaces, percent signs and other characters around which there can be values. */
const plainTextPattern = /^[\w/.:-]*$/;

const clean = (value: string): string => redactText(value).replaceAll("\0", "").toWellFormed();

/** Masks the values of a filter, plain or percent-encoded: quoted ones up to their closing quote, and unquoted ones. */
function maskFilterValues(value: string): string {
  return value.replace(quotedValuePattern, maskQuoted).replace(unquotedValuePattern, "$1***");
}

function maskQuoted(quoted: string): string {
  return resourceIdPattern.test(quoted.replaceAll(/^(?:"|%22)|(?:"|%22)$/gi, "")) ? quoted : '"***"';
}

const quotedValuePattern = /(?:"|%22)(?:(?:\\|%5C)(?:%..|.)|(?!"|%22).)*(?:"|%22|$)/gis;
const unquotedValuePattern =
  /((?:^|\s|\+|%20)(?:eq|ne|co|sw|ew|gt|ge|lt|le)(?:\s|\+|%20)+)(?!"|(?:true|false|null)\b)(?:(?!%20)[^\s+&)\]])+/gi;
