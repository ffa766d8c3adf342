/** A JSON object that has not been validated. */
export type JsonObject = Readonly<Record<string, unknown>>;

export const isObject = (value: unknown): value is JsonObject =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** Quotes a name from the request for an error message, up to 100 characters. The request log masks quoted values. */
export const quoteName = (name: string): string => JSON.stringify(name.slice(0, 100));
