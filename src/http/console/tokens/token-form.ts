import type { Request } from "express";
import { readLongText, readText, readValues, toLines } from "../form.ts";
import { fromLabelLines } from "../labels.tsx";

/** The form of a new token, as it was submitted. */
export interface TokenForm {
  readonly name: string;
  readonly description: string;
  readonly labels: string;
  readonly type: string;
  readonly scopes: readonly string[];
  /** A number of days, `date` or `never`. */
  readonly expiry: string;
  readonly expiryDate: string;
  /** The user name, e-mail address or id of the user of a personal token. */
  readonly user: string;
  readonly allowedIps: string;
  readonly environment: string;
  readonly mcpServers: string;
  readonly maxRisk: string;
}

export const emptyTokenForm: TokenForm = {
  ...{ name: "", description: "", labels: "", type: "", scopes: [], expiry: "90", expiryDate: "", user: "" },
  ...{ allowedIps: "", environment: "", mcpServers: "", maxRisk: "" },
};

/** The lifetimes to choose from, in days. */
export const expiryPresets = ["7", "30", "90"] as const;

/** The fields of the form whose names differ from those of the API. */
export const formFieldNames = { userId: "user", expiresAt: "expiry", expiresInDays: "expiry" } as const;

/** Reads the submitted form. */
export function readTokenForm(req: Request): TokenForm {
  const text = (name: keyof TokenForm): string => readText(req, name);
  return {
    ...{
      name: text("name"),
      description: readLongText(req, "description"),
      labels: text("labels"),
      type: text("type"),
      scopes: readValues(req, "scopes"),
    },
    ...{ expiry: text("expiry"), expiryDate: text("expiryDate"), user: text("user"), allowedIps: text("allowedIps") },
    ...{ environment: text("environment"), mcpServers: text("mcpServers"), maxRisk: text("maxRisk") },
  };
}

/**
 * Converts the form to the body of `POST /api/tokens`, whose schema then validates it. Empty fields are left out.
 * @param userId of the user whom the form names
 */
export function toTokenBody(form: TokenForm, userId: string | undefined): Readonly<Record<string, unknown>> {
  const { name, description, type, scopes, environment, maxRisk } = form;
  const [allowedIps, mcpServers] = [toLines(form.allowedIps), toLines(form.mcpServers)];
  return {
    name,
    ...(description !== "" && { description }),
    ...(form.labels !== "" && { labels: fromLabelLines(form.labels) }),
    ...(type !== "" && { type }),
    ...(scopes.length > 0 && { scopes }),
    ...toExpiryFields(form),
    ...(userId !== undefined && { userId }),
    ...(allowedIps.length > 0 && { allowedIps }),
    ...(environment !== "" && { environment }),
    ...(mcpServers.length > 0 && { mcpServers }),
    ...(maxRisk !== "" && { maxRisk }),
  };
}

/** Converts a chosen expiry to the fields of the API. A token is valid through the chosen day, in UTC. */
export function toExpiryFields({
  expiry,
  expiryDate,
}: Pick<TokenForm, "expiry" | "expiryDate">): Readonly<Record<string, unknown>> {
  if (expiry === "never") return { expiresAt: null };
  return expiry === "date" ? { expiresAt: `${expiryDate}T23:59:59Z` } : { expiresInDays: Number(expiry) };
}
