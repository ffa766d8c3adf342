import { type Scope, scope, type Token, tokenType } from "../../schemas/token.ts";
import { operatorActor } from "../domain/audit/record.ts";
import type { NewToken } from "../domain/tokens/issue/new-token.ts";
import { parseImportedSecret } from "../domain/tokens/legacy/legacy.ts";
import { toTokenStatus } from "../domain/tokens/status.ts";
import { type PagedQuery, pages } from "../store/paging/pages.ts";
import { type Options, parseChoice, parseCommandArgs, rejectMissing } from "./arguments.ts";
import { type CliCommand, pageSize, UsageError } from "./command.ts";
import { resolveOrganizationId } from "./organizations.ts";
import { verifyFormat } from "./verify-format.ts";

const organizationOption = { organization: { type: "string" } } as const satisfies Options;

/** The options that `token create` and `token import` share. */
const tokenOptions = {
  name: { type: "string" },
  scope: { type: "string", multiple: true },
  type: { type: "string" },
  "expires-in-days": { type: "string" },
  user: { type: "string" },
  "allow-ip": { type: "string", multiple: true },
  ...organizationOption,
} as const satisfies Options;

const vocabulary = [`Scopes: ${scope.options.join(", ")}.`, `Types: ${tokenType.options.join(", ")}.`];

/** The commands of `gatehouse token`, by verb. */
export const tokenCommands: Readonly<Record<string, CliCommand>> = {
  create: {
    synopsis: [
      "--name NAME --scope SCOPE [--scope SCOPE ...] [--type TYPE]",
      "[--expires-in-days DAYS] [--user USER_ID] [--allow-ip ADDRESS_OR_CIDR ...]",
      "[--organization SLUG]",
    ],
    summary: "Creates a token and prints its secret on standard output. The secret is shown only once.",
    notes: vocabulary,
    run: async (args, { withDomain, print, report }) => {
      const { values } = parseCommandArgs(args, tokenOptions);
      const input = { ...parseTokenInput(values), scopes: parseScopes(values) ?? rejectMissing("--scope") };
      const { token, secret } = await withDomain(async (domain) =>
        domain.tokens.create(await resolveOrganizationId(domain, values.organization), operatorActor, input),
      );
      report(`${token.id} has been created. Its secret is shown only once:`);
      print(secret);
      return undefined;
    },
  },
  import: {
    synopsis: [
      "--name NAME {--scope SCOPE [--scope SCOPE ...] | --full-access} [--hash] [--type TYPE]",
      "[--expires-in-days DAYS] [--user USER_ID] [--allow-ip ADDRESS_OR_CIDR ...]",
      "[--organization SLUG]",
    ],
    summary: "Imports a secret that clients already use. Reads the secret from standard input.",
    readsInput: true,
    notes: [
      "With --hash, standard input is the SHA-256 hash of the secret, in hexadecimal or base64.",
      "--full-access is the same as --scope all. One of the two is required.",
      ...vocabulary,
    ],
    run: async (args, { config: { tokenPrefix, tokenPepper }, withDomain, readInput, report }) => {
      const { values } = parseCommandArgs(args, {
        ...tokenOptions,
        hash: { type: "boolean" },
        "full-access": { type: "boolean" },
      });
      const input = { ...parseTokenInput(values), scopes: parseImportedScopes(values) };
      const secret = parseImportedSecret((await readInput()).trim(), values.hash ?? false, {
        prefix: tokenPrefix,
        ...(tokenPepper !== undefined && { pepper: tokenPepper }),
      });
      const token = await withDomain(async (domain) =>
        domain.tokens.import(await resolveOrganizationId(domain, values.organization), operatorActor, input, secret),
      );
      report(`${token.id} has been imported. A running service accepts it within a few seconds.`);
      return undefined;
    },
  },
  list: {
    synopsis: ["[--organization SLUG]"],
    summary: "Lists the tokens of an organization, without their secrets.",
    run: async (args, { withDomain, printJson, waitForReader }) => {
      const { values } = parseCommandArgs(args, organizationOption);
      await withDomain(async (domain) => {
        const organization = await resolveOrganizationId(domain, values.organization);
        const reader = { list: (page: PagedQuery) => domain.tokens.list(organization, page) };
        for await (const page of pages(reader, { limit: pageSize })) {
          page.forEach(printToken);
          await waitForReader();
        }

        function printToken(token: Token): void {
          const {
            id,
            name,
            type,
            scopes = ["all"],
            format,
            prefix,
            userId,
            allowedIps,
            expiresAt,
            createdAt,
            lastUsed,
            requestCount,
          } = token;
          printJson({
            ...{ id, name, status: toTokenStatus(token), type, scopes, format, prefix, userId },
            ...{ allowedIps, expiresAt, createdAt, lastUsed, requestCount },
          });
        }
      });
      return undefined;
    },
  },
  revoke: {
    synopsis: ["TOKEN_ID [--organization SLUG]"],
    summary: "Revokes a token permanently.",
    run: async (args, { withDomain, report }) => {
      const { values, TOKEN_ID: id } = parseCommandArgs(args, organizationOption, "TOKEN_ID");
      const token = await withDomain(async (domain) =>
        domain.tokens.revoke(await resolveOrganizationId(domain, values.organization), operatorActor, id),
      );
      report(`${token.id} was revoked at ${token.revokedAt}.`);
      return undefined;
    },
  },
  "verify-format": verifyFormat,
};

type TokenValues = ReturnType<typeof parseCommandArgs<typeof tokenOptions>>["values"];

function parseTokenInput(values: TokenValues): Omit<NewToken, "scopes"> {
  const { name = rejectMissing("--name"), type, user, "allow-ip": allowedIps, "expires-in-days": days } = values;
  return {
    name,
    ...(type !== undefined && { type: parseChoice("--type", tokenType.options, type) }),
    ...(user !== undefined && { userId: user }),
    ...(allowedIps && { allowedIps }),
    ...(days !== undefined && { expiresAt: daysFromNow(days) }),
  };
}

function parseScopes({ scope: values }: TokenValues): Scope[] | undefined {
  return values?.map((each: string) => parseChoice("--scope", scope.options, each));
}

/** There is no default, so that a token with full access is never imported by accident. @throws UsageError */
function parseImportedScopes(values: TokenValues & { readonly "full-access"?: boolean | undefined }): readonly Scope[] {
  const scopes = parseScopes(values);
  if (!values["full-access"]) return scopes ?? rejectMissing("--scope or --full-access");
  if (scopes) throw new UsageError("--scope and --full-access cannot be combined; use one of them");
  return ["all"];
}

function daysFromNow(days: string): Date {
  if (!/^[1-9]\d{0,4}$/.test(days)) throw new UsageError("--expires-in-days must be a whole number from 1 to 99999");
  return new Date(Date.now() + Number(days) * 86_400_000);
}
