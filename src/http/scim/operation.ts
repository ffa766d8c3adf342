import type { Request, Response } from "express";
import type { z } from "zod";
import type { Scope } from "../../../schemas/token.ts";
import type { ErrorCode } from "../../errors.ts";
import type { Log } from "../../log.ts";
import type { OrganizationSchemas } from "../../scim/schema/organization-schemas.ts";
import type { Endpoint } from "./endpoint.ts";
import type { RemovalWatch } from "./removals.ts";

/**
 * One operation of `/scim/v2`: its route, required scopes, schemas and handler. The router mounts it and openapi.yaml
 * describes it from this one value.
 */
export interface ScimOperation {
  /** Unique name, for generated clients. */
  readonly operationId: string;
  readonly method: "get" | "post" | "put" | "patch" | "delete";
  /** Below `/scim/v2`, in OpenAPI notation: `/Users/{id}`. */
  readonly path: string;
  readonly summary: string;
  readonly description?: string;
  /** Description of each path parameter, by name. */
  readonly parameters?: Readonly<Record<string, string>>;
  /** The caller needs any one of these scopes. All operations at one path require the same scopes. */
  readonly scopes: readonly Scope[];
  /** Whether the operation acts on the user of a personal token. */
  readonly isUserView?: boolean;
  /** Documentation only: SCIM attribute names are case-insensitive, so `parameters.ts` parses the query. */
  readonly query?: z.ZodObject;
  /** Documentation only: `src/scim` validates the body. Absent: the operation takes no body. */
  readonly body?: z.ZodType;
  /** The body of each success status; null: no body. */
  readonly responses: Readonly<Partial<Record<200 | 201 | 204, z.ZodType | null>>>;
  /** Whether the response carries an ETag, and the request may carry If-Match or If-None-Match. */
  readonly isVersioned?: boolean;
  /** Errors in addition to those of every operation of its kind. */
  readonly errorCodes?: readonly ErrorCode[];
  /** Creates the request handler. Called once, when the operation is mounted. */
  createHandler(services: ScimServices): ScimHandler;
}

export type ScimHandler = (req: Request, res: Response) => unknown;

/** The dependencies of the handlers. */
export interface ScimServices {
  readonly users: Endpoint;
  readonly groups: Endpoint;
  readonly watchRemovals: RemovalWatch;
  readonly schemas: OrganizationSchemas;
  /** Public URL of the service, without a trailing slash. */
  readonly publicUrl: string;
  readonly log: Log;
}
