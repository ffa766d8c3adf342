#!/usr/bin/env node
import { parseArgs } from "node:util";
import { scope, tokenType } from "../schemas/token.ts";
import { createDomain, openStore } from "./app.ts";
import { readConfig } from "./config.ts";
import { operator } from "./domain/audit/record.ts";
import type { Page } from "./domain/query.ts";
import { statusOf } from "./domain/tokens/status.ts";
import { AppError, StartError } from "./errors.ts";

const usage = `gatehouse: the operator's commands. They use the same settings as the service.
With the embedded database the service must not be running.

  gatehouse organization create SLUG [--name NAME]
  gatehouse organization list
  gatehouse token create --name NAME --scope SCOPE [--scope SCOPE ...] [--type TYPE]
                         [--expires-in-days DAYS] [--user USER_ID] [--allow-ip ADDRESS_OR_CIDR ...]
                         [--organization SLUG]
  gatehouse token list   [--organization SLUG]
  gatehouse token revoke TOKEN_ID [--organization SLUG]

Scopes: ${scope.options.join(", ")}.
Types: ${tokenType.options.join(", ")}. Without --organization it is the organization "default".
Secrets and listings (one JSON object a line) go to standard output, all else to standard error.
`;

/** The command's words are off. */
class UsageError extends Error {}

type Domain = ReturnType<typeof createDomain>;
type Command = (domain: Domain, args: readonly string[]) => Promise<void>;

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
    const { values } = read(args, {
      name: { type: "string" },
      scope: { type: "string", multiple: true },
      type: { type: "string" },
      "expires-in-days": { type: "string" },
      user: { type: "string" },
      "allow-ip": { type: "string", multiple: true },
      organization: { type: "string" },
    });
    const days = values["expires-in-days"];
    const { token, secret } = await domain.tokens.create(await organizationId(domain, values.organization), operator, {
      name: values.name ?? missing("--name"),
      scopes: (values.scope ?? missing("--scope")).map((each) => oneOf("--scope", scope.options, each)),
      ...(values.type !== undefined && { type: oneOf("--type", tokenType.options, values.type) }),
      ...(values.user !== undefined && { userId: values.user }),
      ...(values["allow-ip"] && { allowedIps: values["allow-ip"] }),
      ...(days !== undefined && { expiresAt: inDays(days) }),
    });
    process.stderr.write(`${token.id} has been created. Its secret is shown this once:\n`);
    process.stdout.write(`${secret}\n`);
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
  try {
    if (!command) throw new UsageError(subject === "" ? "" : `there is no command ${subject} ${verb}`.trim());
    const config = readConfig(process.env);
    const store = await openStore(config);
    try {
      await command(createDomain(store, config), args);
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
