/** Freezes a JSON value that callers share, so that none of them can change it for the others. */
export function deepFreeze<T extends object>(value: T): T {
  for (const each of Object.values(value)) if (typeof each === "object" && each !== null) deepFreeze(each as object);
  return Object.freeze(value);
}
