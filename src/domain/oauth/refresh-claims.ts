import { type UpstreamCredential, upstreamCredentials } from "../../store/collections.ts";
import type { Store } from "../../store/store.ts";
import { nextVersion } from "../entity.ts";
import type { TokenSet } from "./token-set.ts";

/** The lifetime of a claim: longer than a request to a token endpoint and the write of its result take. */
export const claimMs = 30_000;

/** What a replica learns when it tries to start a refresh. */
export type ClaimResult =
  | { readonly kind: "claimed" | "busy" | "gone" }
  | { readonly kind: "renewed"; readonly tokens: TokenSet };

/**
 * Claims the refresh of a connection's tokens in their record, so that no other replica starts one.
 * @param claim identifies the refresh
 * @param findRenewed returns the tokens of the record if they are not those to refresh
 */
export function claimRefresh(
  store: Store,
  { organizationId, id }: UpstreamCredential,
  claim: string,
  findRenewed: (current: UpstreamCredential) => TokenSet | undefined,
): Promise<ClaimResult> {
  return store.transaction(
    async (transaction): Promise<ClaimResult> => {
      const writer = transaction.for(organizationId).open(upstreamCredentials);
      const current = await writer.get(id);
      if (current?.purpose !== "oauth-tokens") return { kind: "gone" };
      const tokens = findRenewed(current);
      if (tokens) return { kind: "renewed", tokens };
      const now = Date.now();
      if (current.refresh && Date.parse(current.refresh.until) > now) return { kind: "busy" };
      const refresh = { claim, until: new Date(now + claimMs).toISOString() };
      await writer.replace({ ...current, refresh, version: nextVersion(current).version }, current.version);
      return { kind: "claimed" };
    },
    { lockKey: id },
  );
}

/**
 * Changes the record and ends the claim, if the claim is still the current one, whatever else has changed.
 * @returns whether it was
 */
export function replaceClaimed(
  store: Store,
  { organizationId, id }: UpstreamCredential,
  claim: string,
  change: (current: UpstreamCredential) => Partial<UpstreamCredential>,
): Promise<boolean> {
  return store.transaction(
    async (transaction) => {
      const writer = transaction.for(organizationId).open(upstreamCredentials);
      const current = await writer.get(id);
      if (current?.refresh?.claim !== claim) return false;
      const { refresh: _, ...rest } = current;
      await writer.replace({ ...rest, ...change(current), ...nextVersion(current) }, current.version);
      return true;
    },
    { lockKey: id },
  );
}
