import type { ProvisioningSettings } from "../../../schemas/organization.ts";
import { AppError } from "../../errors.ts";
import type { PatchOperation } from "../../scim/patch/message.ts";
import type { ResourceSchema } from "../../scim/schema/resource-schema.ts";
import { quoteName } from "../../scim/values/json.ts";
import {
  type KnownInput,
  selectKnownAttributes,
  selectKnownOperations,
  type UnknownAttribute,
} from "../../scim/values/known-attributes.ts";
import type { ScimContext } from "./context.ts";

/** Reads the settings of an organization. @throws AppError unavailable */
export type SettingsReader = (organizationId: string) => Promise<ProvisioningSettings>;

/**
 * Removes from the input of requests what no schema defines, and reports it; or rejects it, if the organization's
 * settings say so. The settings are read only for requests with input that they decide about.
 */
export class InputReader {
  readonly #readSettings: SettingsReader;

  constructor(readSettings: SettingsReader) {
    this.#readSettings = readSettings;
  }

  /**
   * Reads the body of a POST or PUT.
   * @param schema the resource type, with the extensions of the caller's organization
   * @returns the body with the attributes of the schema only, not yet validated
   * @throws AppError invalid-request; invalid-value for a JSON document in a string
   */
  readBody(context: ScimContext, body: unknown, schema: ResourceSchema): Promise<unknown> {
    return this.#report(context, selectKnownAttributes(body, schema), schema, "invalid-request");
  }

  /**
   * Reads the operations of a PATCH.
   * @throws AppError invalid-path; invalid-request; invalid-value for a JSON document in a string
   */
  readOperations(
    context: ScimContext,
    operations: readonly PatchOperation[],
    schema: ResourceSchema,
  ): Promise<readonly PatchOperation[]> {
    return this.#report(context, selectKnownOperations(operations, schema), schema, "invalid-path");
  }

  /** Returns whether a replace through a filter that selects no element adds the element. */
  async canReplaceAdd({ caller }: ScimContext, operations: readonly PatchOperation[]): Promise<boolean> {
    const hasFilter = operations.some(({ op, path, value }) => op === "replace" && containsFilter(path, value));
    return hasFilter && (await this.#readSettings(caller.organizationId)).replaceWithoutMatch === "add";
  }

  async #report<Input>(
    { caller, ignored }: ScimContext,
    { known, unknown }: KnownInput<Input>,
    { type }: ResourceSchema,
    code: "invalid-request" | "invalid-path",
  ): Promise<Input> {
    const rejected = unknown.find(({ isNull }) => !isNull);
    if (rejected && (await this.#readSettings(caller.organizationId)).unknownAttributes === "reject")
      throw unknownAttribute(rejected, type, code);
    for (const { path } of unknown) ignored.add(path);
    return known;
  }
}

const unknownAttribute = (
  { path }: UnknownAttribute,
  type: ResourceSchema["type"],
  code: "invalid-request" | "invalid-path",
): AppError => new AppError(code, `${quoteName(path)} is not an attribute of ${type}.`);

/** The keys of a value without a path are paths. */
function containsFilter(path: string | undefined, value: unknown): boolean {
  if (path !== undefined) return path.includes("[");
  return typeof value === "object" && value !== null && Object.keys(value).some((key) => key.includes("["));
}
