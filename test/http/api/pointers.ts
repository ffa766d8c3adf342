/** The JSON pointers of the fields that a refusal names. */
export const pointers = ({ body }: { readonly body: unknown }): readonly string[] =>
  ((body as { errors?: readonly { pointer: string }[] }).errors ?? []).map(({ pointer }) => pointer);
