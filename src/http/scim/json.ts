/** A JSON object of which nothing is known yet. */
export type JsonObject = Readonly<Record<string, unknown>>;

export const isObject = (value: unknown): value is JsonObject =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** A name that the caller sent, short and quoted: the request log masks what stands in quotes. */
export const shown = (text: string): string => JSON.stringify(text.slice(0, 100));
