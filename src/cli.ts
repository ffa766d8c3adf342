#!/usr/bin/env node
import { parseArgs } from "node:util";
import { type Scope, scope, tokenType } from "../schemas/token.ts";
import { createDomain, openStore } from "./app.ts";
import { type Config, readConfig } from "./config.ts";
import { operator } from "./domain/audit/record.ts";
import type { Page } from "./domain/query.ts";
import { isWellFormed, visiblePrefix } from "./domain/tokens/format.ts";
import { readImportedSecret } from "./domain/tokens/legacy.ts";
import type { NewToken } from "./domain/tokens/new-token.ts";
import { statusOf } from "./domain/tokens/status.ts";
import { AppError, StartError } from "./errors.ts";

const usage = `gatehouse: the operator's commands. They use the same settings as the service.
With the embedded database the service must not be running.

  gatehouse organization create SLUG [--name NAME]
  gatehouse organization list
  gatehouse token create --name NAME --scope SCOPE [--scope SCOPE ...] [--type TYPE]
                         [--expires-in-days DAYS] [--user USER_ID] [--allow-ip ADDRESS_OR_CIDR ...]
                         [--organization SLUG]
  gatehouse token import --name NAME [--hash] [--scope SCOPE ...] [--type TYPE] [--expires-in-days DAYS]
                         [--user USER_ID] [--allow-ip ADDRESS_OR_CIDR ...] [--organization SLUG]
                         reads the secret from standard input, or with --hash its SHA-256; without --scope it may
                         do everything
  gatehouse token list   [--organization SLUG]
  gatehouse token revoke TOKEN_ID [--organization SLUG]
  gatehouse token verify-format
                         reads texts from standard input, one a line, and says which have the form of a token
                         and its checksum; asks no database

Scopes: ${scope.options.join(", ")}.
Types: ${tokenType.options.join(", ")}. Without --organization it is the organization "default".
Secrets and listings (one JSON object a line) go to standard output, all else to standard error.
`;

/** The command's words are off. */
class UsageError extends Error {}

/** Characters of standard input; far more than anybody pipes in here. */
const inputMax = 1_000_000;

type Domain = ReturnType<typeof createDomain>;
type Command = (domain: Domain, args: readonly string[], config: Config) => Promise<void>;
/** What needs no database. @returns the exit code */
type OfflineCommand = (config: Config, args: readonly string[]) => Promise<number>;

/** What both ways to get a token take. */
const tokenOptions = {
  name: { type: "string" },
  scope: { type: "string", multiple: true },
  type: { type: "string" },
  "expires-in-days": { type: "string" },
  user: { type: "string" },
  "allow-ip": { type: "string", multiple: true },
  organization: { type: "string" },
} as const satisfies Options;

const offline: Readonly<Record<string, OfflineCommand>> = {
  "token verify-format": async ({ tokenPrefix }, args) => {
    read(args, {});
    const lines = (await standardInput()).split("\n").map((line) => line.trim());
    const found = lines.flatMap((text, at) => (text === "" ? [] : [{ line: at + 1, text }]));
    if (found.length === 0) throw new UsageError("there is nothing on standard input");
    let code = 0;
    for (const { line, text } of found) {
      const isToken = isWellFormed(text, tokenPrefix);
      if (!isToken) code = 1;
      print({ line, isToken, ...(isToken && { prefix: visiblePrefix(text) }) });
    }
    return code;
  },
};

const commands: Readonly<Record<string, Command>> = {
  "organization create": async ({ organizations }, args) => {
    const { values, slug } = read(args, { name: { type: "string" } }, "slug");
    const made = await organizations.create(operator, {
      slug,
      ...(values.name !== undefined && { name: values.name }),
    });
    print({ id: made.id, slug: made.slug, name: made.name });
  },
  "organization list": async ({ organizations }, args) => {
    read(args, {});
    for await (const { id, slug, name, createdAt } of all((page) => organizations.list(page)))
      print({ id, slug, name, createdAt });
  },
  "token create": async (domain, args) => {
    const { values } = read(args, tokenOptions);
    const { token, secret } = await domain.tokens.create(await organizationId(domain, values.organization), operator, {
      ...wantedFrom(values),
      scopes: scopesFrom(values) ?? missing("--scope"),
    });
    process.stderr.write(`${token.id} has been created. Its secret is shown this once:\n`);
    process.stdout.write(`${secret}\n`);
  },
  "token import": async (domain, args, { tokenPrefix, tokenPepper }) => {
    const { values } = read(args, { ...tokenOptions, hash: { type: "boolean" } });
    const wanted = wantedFrom(values);
    const scopes = scopesFrom(values);
    const secret = readImportedSecret((await standardInput()).trim(), values.hash ?? false, {
      prefix: tokenPrefix,
      ...(tokenPepper !== undefined && { pepper: tokenPepper }),
    });
    const organization = await organizationId(domain, values.organization);
    const token = await domain.tokens.import(organization, operator, { ...wanted, ...(scopes && { scopes }) }, secret);
    process.stderr.write(`${token.id} has been imported. A running service takes it within some seconds.\n`);
  },
  "token list": async (domain, args) => {
    const { values } = read(args, { organization: { type: "string" } });
    const organization = await organizationId(domain, values.organization);
    for await (const token of all((page) => domain.tokens.list(organization, page))) {
      const { id, name, type, scopes, prefix, userId, allowedIps, expiresAt, createdAt, lastUsed, requestCount } =
        token;
      print({
        id,
        name,
        status: statusOf(token),
        type,
        scopes,
        prefix,
        userId,
        allowedIps,
        expiresAt,
        createdAt,
        lastUsed,
        requestCount,
      });
    }
  },
  "token revoke": async (domain, args) => {
    const { values, id } = read(args, { organization: { type: "string" } }, "id");
    const token = await domain.tokens.revoke(await organizationId(domain, values.organization), operator, id);
    process.stderr.write(`${token.id} was revoked at ${token.revokedAt}.\n`);
  },
};

process.exitCode = await run(process.argv.slice(2));

async function run([subject = "", verb = "", ...args]: readonly string[]): Promise<number> {
  const command = commands[`${subject} ${verb}`];
  const alone = offline[`${subject} ${verb}`];
  try {
    if (!command && !alone) throw new UsageError(subject === "" ? "" : `there is no command ${subject} ${verb}`.trim());
    const config = readConfig();
    if (alone) return await alone(config, args);
    const store = await openStore(config);
    try {
      await command?.(createDomain(store, config), args, config);
    } finally {
      await store.close();
    }
    return 0;
  } catch (error) {
    if (error instanceof UsageError)
      process.stderr.write(`${error.message && `gatehouse: ${error.message}\n\n`}${usage}`);
    else if (error instanceof StartError || error instanceof AppError)
      process.stderr.write(`gatehouse: ${error.message}\n`);
    else throw error;
    return error instanceof UsageError ? 2 : 1;
  }
}

type Options = NonNullable<NonNullable<Parameters<typeof parseArgs>[0]>["options"]>;

/** The options and the one word that the command takes, under the word's own name. */
function read<O extends Options, Word extends string = never>(args: readonly string[], options: O, word?: Word) {
  try {
    const { values, positionals } = parseArgs({ args: [...args], options, allowPositionals: word !== undefined });
    if (word !== undefined && positionals.length !== 1) throw new UsageError(`one ${word} is needed`);
    return { values, ...(word !== undefined && { [word]: positionals[0] }) } as {
      values: typeof values;
    } & Record<Word, string>;
  } catch (error) {
    throw error instanceof UsageError ? error : new UsageError((error as Error).message);
  }
}

type TokenValues = ReturnType<typeof read<typeof tokenOptions>>["values"];

function wantedFrom(values: TokenValues): Omit<NewToken, "scopes"> {
  const { name = missing("--name"), type, user, "allow-ip": allowedIps, "expires-in-days": days } = values;
  return {
    name,
    ...(type !== undefined && { type: oneOf("--type", tokenType.options, type) }),
    ...(user !== undefined && { userId: user }),
    ...(allowedIps && { allowedIps }),
    ...(days !== undefined && { expiresAt: inDays(days) }),
  };
}

function scopesFrom({ scope: given }: TokenValues): Scope[] | undefined {
  return given?.map((each) => oneOf("--scope", scope.options, each));
}

async function standardInput(): Promise<string> {
  let text = "";
  process.stdin.setEncoding("utf8");
  for await (const chunk of process.stdin) {
    text += chunk;
    if (text.length > inputMax) throw new UsageError("standard input is longer than 1,000,000 characters");
  }
  return text;
}

async function organizationId({ organizations }: Domain, slug = "default"): Promise<string> {
  const found = await organizations.bySlug(slug);
  if (!found) throw new AppError("not-found", `There is no organization ${slug}.`);
  return found.id;
}

function oneOf<T extends string>(option: string, allowed: readonly T[], given: string): T {
  const found = allowed.find((each) => each === given);
  if (found === undefined) throw new UsageError(`${option} ${given} is none of ${allowed.join(", ")}`);
  return found;
}

function inDays(text: string): Date {
  if (!/^[1-9]\d{0,4}$/.test(text)) throw new UsageError("--expires-in-days takes a whole number of days");
  return new Date(Date.now() + Number(text) * 86_400_000);
}

function missing(option: string): never {
  throw new UsageError(`${option} is needed`);
}

async function* all<T extends { readonly id: string }>(
  list: (page: { limit: number; after?: { id: string } }) => Promise<Page<T>>,
): AsyncGenerator<T> {
  for (let after: { id: string } | undefined; ; ) {
    const { items } = await list({ limit: 100, ...(after && { after }) });
    yield* items;
    const last = items.at(-1);
    if (items.length < 100 || !last) return;
    after = { id: last.id };
  }
}

function print(record: object): void {
  process.stdout.write(`${JSON.stringify(record)}\n`);
}
