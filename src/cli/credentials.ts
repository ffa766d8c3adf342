import { parseCommandArgs } from "./arguments.ts";
import type { CliCommand } from "./command.ts";

/** The commands of `gatehouse credential`, by verb. */
export const credentialCommands: Readonly<Record<string, CliCommand>> = {
  rotate: {
    synopsis: [""],
    summary: "Encrypts all stored credentials of MCP servers under CREDENTIAL_KEY.",
    notes: [
      "Set CREDENTIAL_KEY to the new key and CREDENTIAL_KEYS_PREVIOUS to the old one before. Remove the old one after.",
      "The exit code is 1 when a credential could not be decrypted.",
    ],
    run: async (args, { withDomain, printJson, report }) => {
      parseCommandArgs(args, {});
      const result = await withDomain((domain) => domain.rotateCredentials());
      printJson(result);
      if (result.unreadable === 0) return undefined;
      report(
        `${result.unreadable} credentials cannot be decrypted: their key is neither CREDENTIAL_KEY nor in CREDENTIAL_KEYS_PREVIOUS. Add the key, or store them again.`,
      );
      return 1;
    },
  },
};
