import type { Request } from "express";
import { type ConsoleSignInSettings, consoleSignInSettings } from "../../../../schemas/console-sign-in.ts";
import { clientSecretInput } from "../../../../schemas/credential.ts";
import { parseIdOrName } from "../../../domain/directory/id-or-name.ts";
import { AppError } from "../../../errors.ts";
import { parseBody } from "../../api/kernel/validation.ts";
import { readText, toLines } from "../form.ts";
import type { PageOptions } from "../options.ts";

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
  const toNames = (ids: readonly string[] = []) => ids.map((id) => groupNames.get(id) ?? id).join("\n");
  return {
    ...{ issuer, clientId, matchUsersBy, externalIdClaim, groupsClaim: settings?.groupsClaim ?? "groups" },
    ...{ readClaims: read?.idTokenGroups.join("\n") ?? "", readGroups: toNames(read?.groups) },
    ...{ writeClaims: write?.idTokenGroups.join("\n") ?? "", writeGroups: toNames(write?.groups) },
    fullClaims: full?.idTokenGroups.join("\n") ?? "",
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
    for (const name of toLines(text).slice(0, 51)) {
      const group = await groups.get(organizationId, parseIdOrName(name, "grp"));
      if (!group) throw new AppError("invalid-value", `No group has this name or id: ${name}`, { field });
      ids.push(group.id);
    }
    return ids;
  };
  const { issuer, clientId, matchUsersBy, externalIdClaim, groupsClaim } = form;
  return parseBody(consoleSignInSettings, {
    ...{ issuer, clientId, matchUsersBy },
    ...(externalIdClaim !== "" && { externalIdClaim }),
    ...(groupsClaim !== "" && { groupsClaim }),
    roles: {
      read: { idTokenGroups: toRows(form.readClaims), groups: await findIds(form.readGroups, "readGroups") },
      write: { idTokenGroups: toRows(form.writeClaims), groups: await findIds(form.writeGroups, "writeGroups") },
      full: { idTokenGroups: toRows(form.fullClaims) },
    },
  });
}

/** Returns the submitted client secret; undefined keeps the stored one. @throws AppError invalid-value */
export function readClientSecret(req: Pick<Request, "body">): string | undefined {
  const value = readText(req, "clientSecret");
  return value === "" ? undefined : parseBody(clientSecretInput, { value }).value;
}

/** The values of a claim can contain commas, as distinguished names do. */
const toRows = (text: string): readonly string[] =>
  text
    .split("\n")
    .map((each) => each.trim())
    .filter((each) => each !== "");
