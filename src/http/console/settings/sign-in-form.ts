import type { Request } from "express";
import { type ConsoleSignInSettings, consoleSignInSettings } from "../../../../schemas/console-sign-in.ts";
import { clientSecretInput } from "../../../../schemas/credential.ts";
import { parseIdOrName } from "../../../domain/directory/id-or-name.ts";
import { AppError } from "../../../errors.ts";
import { parseBody } from "../../api/kernel/validation.ts";
import { readText } from "../form.ts";
import type { PageOptions } from "../options.ts";
import { readValueLines, toValueLine } from "../value-lines.ts";

const textFields = ["issuer", "clientId", "matchUsersBy", "externalIdClaim", "groupsClaim"] as const;
const listFields = ["readClaims", "readGroups", "writeClaims", "writeGroups", "fullClaims"] as const;

/** The fields of the form, as they are shown. Groups of the directory are shown by their names. */
export type SignInForm = Readonly<Record<(typeof textFields)[number] | (typeof listFields)[number], string>>;

/** The fields of the form by the path of those that the domain names in errors. */
export const signInFieldNames: Readonly<Record<string, string>> = {
  "consoleSignIn/issuer": "issuer",
  "consoleSignIn/roles/read": "readClaims",
  "consoleSignIn/roles/write": "writeClaims",
  "consoleSignIn/roles/full": "fullClaims",
  "roles/read/idTokenGroups": "readClaims",
  "roles/read/groups": "readGroups",
  "roles/write/idTokenGroups": "writeClaims",
  "roles/write/groups": "writeGroups",
  "roles/full": "fullClaims",
  value: "clientSecret",
};

/** Reads the submitted form. */
export const readSignInForm = (req: Pick<Request, "body">): SignInForm =>
  Object.fromEntries([...textFields, ...listFields].map((name) => [name, readText(req, name)])) as SignInForm;

/**
 * Returns the form of stored settings, or the empty one.
 * @param groupNames of the groups of the directory, by id; a removed group is shown by its id
 */
export function toSignInForm(
  settings: ConsoleSignInSettings | undefined,
  groupNames: ReadonlyMap<string, string>,
): SignInForm {
  const { issuer = "", clientId = "", matchUsersBy = "email", externalIdClaim = "sub" } = settings ?? {};
  const { read, write, full } = settings?.roles ?? {};
  const toText = (values: readonly string[] = []) => values.map(toValueLine).join("\n");
  const toNames = (ids: readonly string[] = []) => toText(ids.map((id) => groupNames.get(id) ?? id));
  return {
    ...{ issuer, clientId, matchUsersBy, externalIdClaim, groupsClaim: settings?.groupsClaim ?? "groups" },
    ...{ readClaims: toText(read?.idTokenGroups), readGroups: toNames(read?.groups) },
    ...{ writeClaims: toText(write?.idTokenGroups), writeGroups: toNames(write?.groups) },
    fullClaims: toText(full?.idTokenGroups),
  };
}

/**
 * Returns the settings of a submitted form.
 * @throws AppError invalid-value with each field
 */
export async function toSignInSettings(
  form: SignInForm,
  { groups }: Pick<PageOptions["services"], "groups">,
  organizationId: string,
): Promise<ConsoleSignInSettings> {
  const findIds = async (text: string, field: string): Promise<readonly string[]> => {
    const ids = [];
    // One more than the schema allows, so that it reports too many.
    for (const name of readValueLines(text, field).slice(0, 51)) {
      const group = await groups.get(organizationId, parseIdOrName(name, "grp"));
      if (!group) throw new AppError("invalid-value", `No group has this name or id: ${name}`, { field });
      ids.push(group.id);
    }
    return ids;
  };
  const readClaims = (name: "readClaims" | "writeClaims" | "fullClaims") => readValueLines(form[name], name);
  const { issuer, clientId, matchUsersBy, externalIdClaim, groupsClaim } = form;
  return parseBody(consoleSignInSettings, {
    ...{ issuer, clientId, matchUsersBy },
    ...(externalIdClaim !== "" && { externalIdClaim }),
    ...(groupsClaim !== "" && { groupsClaim }),
    roles: {
      read: { idTokenGroups: readClaims("readClaims"), groups: await findIds(form.readGroups, "readGroups") },
      write: { idTokenGroups: readClaims("writeClaims"), groups: await findIds(form.writeGroups, "writeGroups") },
      full: { idTokenGroups: readClaims("fullClaims") },
    },
  });
}

/** Returns the submitted client secret; undefined keeps the stored one. @throws AppError invalid-value */
export function readClientSecret(req: Pick<Request, "body">): string | undefined {
  const value = readText(req, "clientSecret");
  return value === "" ? undefined : parseBody(clientSecretInput, { value }).value;
}
