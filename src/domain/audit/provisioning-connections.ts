import type { HourlyCounts, ProvisioningStatus } from "../../../schemas/provisioning.ts";
import type { Token } from "../../../schemas/token.ts";
import { provisioningStatuses, tokens } from "../../store/collections.ts";
import type { Condition, Page, Position } from "../../store/query.ts";
import type { Store } from "../../store/store.ts";
import { toEffectiveTokens } from "../tokens/generation.ts";
import { addCounts, hourMs, toHour, toProvisioningId } from "./provisioning-monitor.ts";

/** A token that an identity provider uses, or was created for one, and what is known of its requests. */
export interface ProvisioningConnection {
  readonly id: string;
  readonly token: Token;
  /** Absent if no request has arrived. */
  readonly status?: ProvisioningStatus;
  readonly lastDay: Omit<HourlyCounts, "hour">;
}

/** The most tokens without the type `scim` that are listed because they were used at `/scim/v2`. */
const usedTokensMax = 1000;

/** Lists the provisioning connections of an organization: its tokens of type `scim`, and others that were used like one. */
export class ProvisioningConnections {
  readonly #store: Store;
  readonly #now: () => number;

  /** @param now returns the time in milliseconds since 1970 */
  constructor(store: Store, now: () => number = Date.now) {
    this.#store = store;
    this.#now = now;
  }

  /** Lists connections in the order in which their tokens were created. Reads no log. */
  async list(
    organizationId: string,
    page: { readonly limit: number; readonly after?: Position },
  ): Promise<Page<ProvisioningConnection>> {
    const tenant = this.#store.for(organizationId);
    const statuses = await tenant.open(provisioningStatuses).list({ limit: usedTokensMax });
    const byId = new Map(statuses.items.map((each) => [each.id, each]));
    const tokenIds = statuses.items.map(({ tokenId }) => tokenId);
    const where: Condition = {
      op: "or",
      all: [
        issuedAnd({ op: "eq", path: "type", value: "scim" }),
        issuedAnd({ op: "in", path: "id", values: tokenIds }),
      ],
    };
    const { items } = await tenant.open(tokens).list({ ...page, where });
    const connections = (await toEffectiveTokens(tenant, items)).map((token): ProvisioningConnection => {
      const status = byId.get(toProvisioningId(token.id));
      return { id: token.id, token, ...(status && { status }), lastDay: this.#sumLastDay(status?.hours ?? []) };
    });
    return { items: connections };
  }

  /** Adds up the current hour and the 23 before it. */
  #sumLastDay(hours: readonly HourlyCounts[]): Omit<HourlyCounts, "hour"> {
    const first = toHour(new Date(this.#now() - 23 * hourMs).toISOString());
    return hours.filter(({ hour }) => hour >= first).reduce(addCounts, { requests: 0, failures: 0, byStatus: {} });
  }
}

/** Access tokens of OAuth belong to the connection of the token that they were issued for. */
const issuedAnd = (condition: Condition): Condition => ({
  op: "and",
  all: [condition, { op: "eq", path: "origin", value: "issued" }],
});
