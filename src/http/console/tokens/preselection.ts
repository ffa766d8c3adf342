import { z } from "zod";
import { type Scope, scope, tokenType } from "../../../../schemas/token.ts";
import { AppError } from "../../../errors.ts";
import { createQueryParser } from "../../api/kernel/validation.ts";
import { emptyTokenForm, type TokenForm } from "./token-form.ts";

const parse = createQueryParser(
  z.object({
    name: z.string().max(200).optional(),
    type: tokenType.optional(),
    /** With commas between them. */
    scopes: z.string().max(500).optional(),
  }),
);

/**
 * Returns the form of a new token with what a link to it has chosen. It is only shown: nothing is created before the form
 * is submitted.
 * @throws AppError invalid-value
 */
export function readPreselection(query: Readonly<Record<string, unknown>>): TokenForm {
  const { name = "", type = "", scopes = "" } = parse(query);
  return { ...emptyTokenForm, name, type, scopes: scopes === "" ? [] : scopes.split(",").map(parseScope) };
}

function parseScope(value: string): Scope {
  const { data } = scope.safeParse(value);
  if (data !== undefined) return data;
  throw new AppError("invalid-value", `scopes must be scopes with commas between them: ${scope.options.join(", ")}.`, {
    field: "scopes",
  });
}
