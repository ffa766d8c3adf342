import type { ScimExtension } from "../../../schemas/scim-extension.ts";
import type { Transaction } from "../../store/store.ts";
import { readExtensionsOnce } from "../extensions/read-extensions.ts";

type State = Readonly<Record<string, unknown>>;

/**
 * Returns the states of a user or group before and after a change with its extension values under the URNs of their
 * schemas, because readers of the audit log do not know the ids. Values of a removed schema stay under its id, which is
 * the target of the event of its deletion.
 * @param transaction read only if a state has extension values
 */
export async function nameExtensions<
  T extends { readonly before?: State | undefined; readonly after?: State | undefined },
>(transaction: Transaction, organizationId: string, event: T): Promise<T> {
  const { before, after } = event;
  if (!before?.["scimExtensions"] && !after?.["scimExtensions"]) return event;
  const extensions = await readExtensionsOnce(transaction, organizationId);
  return {
    ...event,
    ...(before && { before: toNamedState(before, extensions) }),
    ...(after && { after: toNamedState(after, extensions) }),
  };
}

function toNamedState({ scimExtensions, ...state }: State, extensions: readonly ScimExtension[]): State {
  const values = Object.entries((scimExtensions ?? {}) as State);
  if (values.length === 0) return state;
  const named = values.map(([id, attributes]) => [extensions.find((each) => each.id === id)?.urn ?? id, attributes]);
  return { ...state, extensions: Object.fromEntries(named) };
}
