import type { Organization } from "../../schemas/organization.ts";
import { operatorActor } from "../domain/audit/record.ts";
import { AppError } from "../errors.ts";
import type { OperatorDomain } from "../operator-domain.ts";
import { pages } from "../store/paging/pages.ts";
import { parseCommandArgs, rejectMissing } from "./arguments.ts";
import type { CliCommand } from "./command.ts";
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
      printJson(toPrinted(created));
      return undefined;
    },
  },
  list: {
    synopsis: [""],
    summary: "Lists all organizations, the oldest first.",
    run: async (args, { withDomain, printJson, waitForReader }) => {
      parseCommandArgs(args, {});
      await withDomain(async ({ organizations }) => {
        for await (const page of pages(organizations, { limit: pageSize })) {
          for (const { createdAt, ...rest } of page) printJson({ ...toPrinted(rest), createdAt });
          await waitForReader();
        }
      });
      return undefined;
    },
  },
  rename: {
    synopsis: ["SLUG NEW_SLUG [--name NAME]"],
    summary: "Changes the slug of an organization, and its name. Its id and its tokens stay the same.",
    notes: ['AUTH_SECRET is valid in the organization with the slug "default" only.'],
    run: async (args, { withDomain, printJson, report }) => {
      const { values, SLUG, NEW_SLUG } = parseCommandArgs(args, { name: { type: "string" } }, "SLUG", "NEW_SLUG");
      const next = { slug: NEW_SLUG, ...(values.name !== undefined && { name: values.name }) };
      const renamed = await withDomain(({ organizationLifecycle }) =>
        organizationLifecycle.rename(operatorActor, SLUG, next),
      );
      printJson(toPrinted(renamed));
      if (SLUG === "default" && NEW_SLUG !== "default")
        report('There is no organization "default" now: AUTH_SECRET is not valid, and commands need --organization.');
      return undefined;
    },
  },
  disable: availabilityCommand(
    "disable",
    "Rejects all tokens of an organization from the next request on, until it is enabled. Its data stay.",
  ),
  enable: availabilityCommand("enable", "Enables a disabled organization. Its tokens are as they were before."),
  delete: {
    synopsis: ["SLUG --force"],
    summary: "Deletes an organization with all of its users, groups, catalog, tokens and logs. It cannot be undone.",
    notes: [
      "The only organization of an installation cannot be deleted.",
      "If the command is interrupted, the running service, or the next one to start, deletes the rest.",
    ],
    run: async (args, { withDomain, report }) => {
      const { values, SLUG } = parseCommandArgs(args, { force: { type: "boolean" } }, "SLUG");
      if (!values.force) rejectMissing("--force");
      const { id } = await withDomain(({ organizationLifecycle }) => organizationLifecycle.remove(operatorActor, SLUG));
      report(`${id} (${SLUG}) has been deleted.`);
      return undefined;
    },
  },
};

function availabilityCommand(verb: "disable" | "enable", summary: string): CliCommand {
  return {
    synopsis: ["SLUG"],
    summary,
    run: async (args, { withDomain, printJson }) => {
      const { SLUG } = parseCommandArgs(args, {}, "SLUG");
      const changed = await withDomain(({ organizationLifecycle }) => organizationLifecycle[verb](operatorActor, SLUG));
      printJson(toPrinted(changed));
      return undefined;
    },
  };
}

const toPrinted = ({ id, slug, name, disabledAt }: Pick<Organization, "id" | "slug" | "name" | "disabledAt">) => ({
  ...{ id, slug, name },
  ...(disabledAt !== undefined && { disabledAt }),
});

/**
 * Finds the organization that a command works in.
 * @param slug the value of --organization
 * @throws AppError not-found
 */
export async function resolveOrganizationId({ organizations }: OperatorDomain, slug = "default"): Promise<string> {
  const organization = await organizations.findBySlug(slug);
  if (!organization)
    throw new AppError(
      "not-found",
      `There is no organization ${slug}. Create it with "gatehouse organization create ${slug}".`,
    );
  return organization.id;
}
