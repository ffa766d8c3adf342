import type { Organization } from "../../../schemas/organization.ts";
import type { Scope, TokenType } from "../../../schemas/token.ts";
import { AppError } from "../../errors.ts";
import { assertAllowlist } from "./allowlist.ts";
import { allowedScopes } from "./scopes.ts";

/** What bounds every token of an organisation: the installation's policy and its own, whichever is stricter. */
export interface TokenRules {
  readonly maxTtlDays?: number;
  readonly defaultTtlDays?: number;
  readonly allowedTypes?: readonly TokenType[];
}

/** @param maxTtlDays of the installation */
export function rulesOf(organization: Organization | undefined, maxTtlDays: number | undefined): TokenRules {
  const { maxTtlDays: own, defaultTtlDays, allowedTypes } = organization?.tokenPolicy ?? {};
  const most = Math.min(maxTtlDays ?? Infinity, own ?? Infinity);
  return {
    ...(most < Infinity && { maxTtlDays: most }),
    ...(defaultTtlDays !== undefined && { defaultTtlDays: Math.min(defaultTtlDays, most) }),
    ...(allowedTypes && { allowedTypes }),
  };
}

/**
 * When a token ends for which nothing was asked: by the default of the organisation, else as late as it may.
 * @param latest the end of the token that makes it
 */
export function defaultEnd({ defaultTtlDays, maxTtlDays }: TokenRules, latest: string | undefined): string | undefined {
  const days = defaultTtlDays ?? maxTtlDays;
  const ends = [
    ...(days === undefined ? [] : [new Date(Date.now() + days * dayMs).toISOString()]),
    ...(latest === undefined ? [] : [latest]),
  ];
  return ends.sort()[0];
}

/** A moment as it is stored. @throws AppError invalid-value for a date that is none */
export function endAt(moment: Date): string {
  if (Number.isNaN(moment.getTime())) throw refused("expiresAt", "expiresAt must be a time.");
  return moment.toISOString();
}

interface Terms {
  readonly name: string;
  readonly description?: string | undefined;
  readonly type: TokenType;
  readonly scopes: readonly Scope[];
  readonly userId?: string | undefined;
  readonly environment?: string | undefined;
  readonly mcpServers?: readonly string[] | undefined;
  readonly allowedIps?: readonly string[] | undefined;
}

/**
 * Whether there may be a token like this at all, whoever makes it.
 * @throws AppError invalid-value naming the field
 */
export function assertTerms(terms: Terms): void {
  const { name, description, type, scopes, userId, environment, mcpServers, allowedIps } = terms;
  if (name.trim() === "" || name.length > 200) throw refused("name", "name must have 1 to 200 characters.");
  if ((description?.length ?? 0) > 1000)
    throw refused("description", "description must have 1000 characters or fewer.");
  if (scopes.length === 0) throw refused("scopes", "scopes must name at least one scope.");
  const isForUsers = scopes.every((scope) => scope.startsWith("connect:"));
  if (userId !== undefined && !isForUsers) {
    throw refused("scopes", "scopes of a personal token can be connect scopes only: it acts as its user.");
  }
  if ((environment !== undefined || mcpServers !== undefined) && !isForUsers) {
    throw refused("scopes", "scopes of a token that is restricted to some MCP servers can be connect scopes only.");
  }
  if (mcpServers?.length === 0) throw refused("mcpServers", "mcpServers must name at least one server.");
  if (allowedIps) assertAllowlist(allowedIps);
  const allowed = allowedScopes[type];
  const beyond = scopes.filter((scope) => !allowed.includes(scope));
  if (beyond.length === 0) return;
  const can = `A token of type ${type} cannot have ${beyond.join(", ")}; it can: ${allowed.join(", ")}.`;
  throw refused("scopes", can);
}

/** @throws AppError invalid-value for a type that the organisation does not allow */
export function assertTypeAllowed(type: TokenType, { allowedTypes }: TokenRules): void {
  if (!allowedTypes || allowedTypes.includes(type)) return;
  throw refused("type", `The organization allows tokens of these types only: ${allowedTypes.join(", ")}.`);
}

/** @throws AppError invalid-value for an end that is past, or later than a token may live */
export function assertEnd(expiresAt: string | undefined, { maxTtlDays }: TokenRules): void {
  const now = Date.now();
  const end = expiresAt === undefined ? Infinity : Date.parse(expiresAt);
  if (!(end > now)) throw refused("expiresAt", "expiresAt must lie in the future.");
  if (maxTtlDays === undefined || end <= now + maxTtlDays * dayMs + clockToleranceMs) return;
  throw refused("expiresAt", `A token must expire within ${maxTtlDays} days.`);
}

const dayMs = 86_400_000;
/** "In 30 days" was reckoned a moment before it is checked. */
const clockToleranceMs = 60_000;

const refused = (field: string, message: string): AppError => new AppError("invalid-value", message, { field });
