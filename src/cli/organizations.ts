import { operatorActor } from "../domain/audit/record.ts";
import { AppError } from "../errors.ts";
import { pages } from "../store/paging/pages.ts";
import { parseCommandArgs } from "./arguments.ts";
import type { CliCommand, Domain } from "./command.ts";
import { pageSize } from "./command.ts";

/** The commands of `gatehouse organization`, by verb. */
export const organizationCommands: Readonly<Record<string, CliCommand>> = {
  create: {
    synopsis: ["SLUG [--name NAME]"],
    summary: "Creates an organization. The default name is the slug.",
    run: async (args, { withDomain, printJson }) => {
      const { values, SLUG: slug } = parseCommandArgs(args, { name: { type: "string" } }, "SLUG");
      const created = await withDomain(({ organizations }) =>
        organizations.create(operatorActor, { slug, ...(values.name !== undefined && { name: values.name }) }),
      );
      printJson({ id: created.id, slug: created.slug, name: created.name });
      return undefined;
    },
  },
  list: {
    synopsis: [""],
    summary: "Lists all organizations, the oldest first.",
    run: async (args, { withDomain, printJson }) => {
      parseCommandArgs(args, {});
      await withDomain(async ({ organizations }) => {
        for await (const page of pages(organizations, { limit: pageSize }))
          for (const { id, slug, name, createdAt } of page) printJson({ id, slug, name, createdAt });
      });
      return undefined;
    },
  },
};

/**
 * Finds the organization that a command works in.
 * @param slug the value of --organization
 * @throws AppError not-found
 */
export async function resolveOrganizationId({ organizations }: Domain, slug = "default"): Promise<string> {
  const organization = await organizations.findBySlug(slug);
  if (!organization)
    throw new AppError(
      "not-found",
      `There is no organization ${slug}. Create it with "gatehouse organization create ${slug}".`,
    );
  return organization.id;
}
