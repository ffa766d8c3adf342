import { initializeStore } from "../first-start.ts";
import { parseCommandArgs } from "./arguments.ts";
import type { CliCommand } from "./command.ts";

/** Creates the store and its first token, as the first start of the service does. */
export const initCommand: CliCommand = {
  synopsis: [""],
  summary: "Creates the database, the organization default and a first token, whose secret it prints.",
  createsStore: true,
  notes: [
    "The first start of the service does the same. A database that has been initialized is not changed.",
    "With GATEHOUSE_BOOTSTRAP_TOKEN_FILE, the secret is written to that file. With AUTH_SECRET, no token is created.",
  ],
  run: async (args, { config, withDomain, print, report }) => {
    parseCommandArgs(args, {});
    const created = await withDomain((domain) => initializeStore(domain, config));
    if (!created) report("The database has been initialized before. Nothing was changed.");
    else if (created.secret !== undefined) {
      report(
        'The organization "default" and a token with full access have been created. Its secret is shown only once:',
      );
      print(created.secret);
    } else if (created.tokenFile !== undefined)
      report(
        `The organization "default" and a token with full access have been created. Its secret is in ${created.tokenFile}.`,
      );
    else
      report('The organization "default" has been created. AUTH_SECRET has full access to it, so there is no token.');
    return undefined;
  },
};
