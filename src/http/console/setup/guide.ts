import type { Scope, TokenType } from "../../../../schemas/token.ts";

/**
 * How one product is connected, with the values of this installation. Texts are those of the pages in `docs/setup/`: a test
 * compares them. In texts, `**` encloses names that the product shows, and backticks enclose code.
 */
export interface SetupGuide {
  /** Names its page. */
  readonly slug: string;
  readonly name: string;
  readonly kind: "identity provider" | "client";
  readonly summary: string;
  /** The token that the product needs. */
  readonly token: { readonly name: string; readonly type: TokenType; readonly scopes: readonly Scope[] };
  readonly steps: readonly SetupStep[];
  /** Another way to authenticate. */
  readonly alternative?: { readonly title: string; readonly fields: readonly SetupField[] };
  readonly examples?: readonly SetupExample[];
}

export interface SetupStep {
  readonly text: string;
  readonly fields?: readonly SetupField[];
}

/** A field of the product, and what to enter. */
export type SetupField = readonly [name: string, value: string];

/** A file or a command to copy. */
export interface SetupExample {
  readonly title: string;
  readonly text: string;
}

/** A token for provisioning. @param name shown in logs */
export const toScimToken = (name: string): SetupGuide["token"] => ({ name, type: "scim", scopes: ["admin:scim"] });
