/** The JSON pointers of the fields in an error response. */
export const errorPointers = ({ body }: { readonly body: unknown }): readonly string[] =>
  ((body as { errors?: readonly { pointer: string }[] }).errors ?? []).map(({ pointer }) => pointer);
