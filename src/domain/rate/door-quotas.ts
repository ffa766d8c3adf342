import { type Limit, Quota } from "./quota.ts";

/** The doors that count for themselves: `connect` is a user's view of `/api`, `api` the organisation's. */
export const doors = ["scim", "api", "connect", "mcp"] as const;
export type Door = (typeof doors)[number];

/** The limits of each door for one token and for one organisation; a missing one does not limit. */
export type DoorLimits = Readonly<Partial<Record<Door | `${Door}-organization`, Limit>>>;

/** What the requests at one door are counted in. */
export interface DoorQuotas {
  readonly token: Quota | undefined;
  readonly organization: Quota | undefined;
}

/** The quotas of each door. */
export function doorQuotas(limits: DoorLimits, now: () => number): Readonly<Record<Door, DoorQuotas>> {
  const quota = (name: keyof DoorLimits): Quota | undefined => {
    const limit = limits[name];
    return limit && new Quota(name, limit, now);
  };
  const of = (door: Door): DoorQuotas => ({ token: quota(door), organization: quota(`${door}-organization`) });
  return { scim: of("scim"), api: of("api"), connect: of("connect"), mcp: of("mcp") };
}

/** The quotas of all doors. */
export const allQuotas = (quotas: Readonly<Record<Door, DoorQuotas>>): readonly Quota[] =>
  Object.values(quotas).flatMap(({ token, organization }) =>
    [token, organization].filter((each) => each !== undefined),
  );
