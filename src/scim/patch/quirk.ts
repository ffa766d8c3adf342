import type { Attribute } from "../schema/definitions.ts";
import type { JsonObject } from "../values/json.ts";

/**
 * A deviation of an identity provider from RFC 7643 or RFC 7644. A quirk with a function rewrites the input into the
 * form of the RFC before validation. A quirk without a function needs no code: `rule` names the general rule that
 * covers it.
 */
export interface Quirk {
  readonly name: string;
  /** The clients that are known to send it. */
  readonly vendor: string;
  readonly source: QuirkSource;
  /** What the provider sends, and how the service interprets it. */
  readonly behavior: string;
  /** Rewrites an operation of a PATCH. */
  readonly operation?: (operation: JsonObject) => JsonObject;
  /** Rewrites the value of an operation whose path names the attribute or sub-attribute, without a filter. */
  readonly changeValue?: (value: unknown, attribute: Attribute) => unknown;
  /** Rewrites the value of an attribute or sub-attribute; the whole list of a multi-valued one. */
  readonly value?: (value: unknown, attribute: Attribute) => unknown;
  /** Rewrites one element of a multi-valued attribute. */
  readonly element?: (element: unknown, attribute: Attribute) => unknown;
  readonly rule?: string;
}

/** A public page that shows the behavior, or documents the rule that clients rely on. */
export interface QuirkSource {
  readonly title: string;
  readonly url: string;
}

/** Returns the operation with another member; the same object if nothing changes, as in almost every request. */
export const withMember = (operation: JsonObject, name: string, value: unknown): JsonObject =>
  operation[name] === value ? operation : { ...operation, [name]: value };
