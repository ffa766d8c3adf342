import { type RequestHandler, Router } from "express";
import type { RejectedRemovals } from "../../domain/audit/rejected-removals.ts";
import type { Groups } from "../../domain/directory/groups.ts";
import type { Memberships } from "../../domain/directory/memberships.ts";
import type { Users } from "../../domain/directory/users.ts";
import type { Log } from "../../log.ts";
import type { OrganizationSchemas } from "../../scim/schema/organization-schemas.ts";
import { logRequests, type RequestRecorder } from "../server/request-log.ts";
import { bulkBytesMax } from "./bulk/message.ts";
import { scimErrorHandler, scimMediaType } from "./errors.ts";
import { groupEndpoint } from "./groups.ts";
import { InputReader, type SettingsReader } from "./input.ts";
import { scimOperations, scimScopes } from "./operations.ts";
import { watchRemovals } from "./removals.ts";
import { ResourceRenderer } from "./render.ts";
import { foldSlashes, parseScimBody, rejectUnknownPath, requireOperationScope, routeOperations } from "./steps.ts";
import { userEndpoint } from "./users.ts";

const mediaTypes = [scimMediaType, "application/json"];

/** Largest bodies, in bytes, by path segment. The limit for groups fits a PUT with 50,000 members. */
const bodyBytesMax = {
  users: 256 * 1024,
  groups: 5 * 1024 * 1024,
  ".search": 256 * 1024,
  bulk: bulkBytesMax,
};

export interface ScimRouterOptions {
  readonly users: Users;
  readonly groups: Groups;
  readonly memberships: Memberships;
  /** Reads the provisioning settings of an organization. */
  readonly readSettings: SettingsReader;
  readonly schemas: OrganizationSchemas;
  readonly rejectedRemovals: RejectedRemovals;
  /** They record every request. */
  readonly recorders: readonly RequestRecorder[];
  readonly log: Log;
  /** Public URL of the service, without a trailing slash. */
  readonly publicUrl: string;
  /** Verifies the credential and sets `req.user`. */
  readonly authenticate: RequestHandler;
  readonly limit: RequestHandler;
}

/** Serves `/scim/v2` (RFC 7644). Every request takes these steps, in this order. */
export function scimRouter(options: ScimRouterOptions): Router {
  const { schemas, log, publicUrl, authenticate, limit: rateLimit } = options;
  const renderer = new ResourceRenderer(`${publicUrl}/scim/v2`);
  const input = new InputReader(options.readSettings);
  const services = {
    users: userEndpoint(options.users, options.memberships, input, renderer, schemas),
    groups: groupEndpoint(options.groups, input, renderer, schemas),
    watchRemovals: watchRemovals(options.rejectedRemovals),
    schemas,
    publicUrl,
    log,
  };

  const requestLog = logRequests(options.recorders, "scim");
  const scope = requireOperationScope(scimOperations, scimScopes);
  const body = parseScimBody(mediaTypes, bodyBytesMax);
  const operation = routeOperations(scimOperations, services);
  const errorHandler = scimErrorHandler(log);

  return Router().use(
    foldSlashes,
    requestLog,
    authenticate,
    rateLimit,
    scope,
    body,
    operation,
    rejectUnknownPath,
    errorHandler,
  );
}
