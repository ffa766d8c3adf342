import { z } from "zod";
import { renderLogEntry } from "../../../domain/audit/log-entry.ts";
import type { LogReader, TimeRange } from "../../../domain/audit/log-reader.ts";
import { AppError } from "../../../errors.ts";
import type { Entity } from "../../../store/record.ts";
import {
  buildPageResponse,
  type CursorPageRequest,
  pageParameters,
  parseTimeRange,
  timeRangeParameters,
  toPageSchema,
} from "../kernel/lists.ts";
import { defineOperation, type Operation } from "../kernel/operation.ts";
import type { Services } from "../kernel/services.ts";

/** The OpenAPI tag of the audit log and the request log. */
export const logTag = "Audit";

type LogOperationTexts = Pick<Operation, "operationId" | "summary" | "description">;

type TimeRangeQuery = z.output<z.ZodObject<typeof timeRangeParameters>>;

/** Describes one log of the admin API. */
export interface LogDescriptor<Entry extends Entity, Filters extends z.ZodRawShape> {
  readonly path: string;
  /** The name of one entry in messages. */
  readonly title: string;
  /** Query parameters of the list, without paging and time range. */
  readonly filters: Filters;
  readonly responseSchema: z.ZodType;
  /** The schema name of a page in the OpenAPI document. */
  readonly pageSchemaId: string;
  readonly list: LogOperationTexts;
  readonly get: LogOperationTexts & { readonly idDescription: string };
  readonly readerFrom: (services: Services) => LogReader<Entry, z.output<z.ZodObject<Filters>> & TimeRange>;
}

/** @returns the operations that list the entries of a log and read one of them */
export function logOperations<Entry extends Entity, Filters extends z.ZodRawShape>({
  path,
  title,
  filters,
  responseSchema,
  pageSchemaId,
  list,
  get: { idDescription, ...get },
  readerFrom,
}: LogDescriptor<Entry, Filters>): { readonly list: Operation; readonly get: Operation } {
  return {
    list: defineOperation({
      ...list,
      method: "get",
      path,
      tag: logTag,
      query: z.object({ ...pageParameters, ...filters, ...timeRangeParameters }),
      errorCodes: ["query-too-expensive"],
      organization: {
        scopes: ["admin:read"],
        responses: { 200: toPageSchema(responseSchema, pageSchemaId) },
        handle: ({ caller: { organizationId }, query }, services) => {
          const { limit, cursor, ...criteria } = query as CursorPageRequest & TimeRangeQuery;
          const filter = parseTimeRange(criteria) as z.output<z.ZodObject<Filters>> & TimeRange;
          return buildPageResponse(
            { limit, cursor },
            [organizationId, path, filter],
            (page) => readerFrom(services).list(organizationId, filter, page),
            (entries) => entries.map(renderLogEntry),
          );
        },
      },
    }),
    get: defineOperation({
      ...get,
      method: "get",
      path: `${path}/{id}`,
      tag: logTag,
      parameters: { id: idDescription },
      organization: {
        scopes: ["admin:read"],
        responses: { 200: responseSchema },
        handle: async ({ caller, parameter }, services) => {
          const entry = await readerFrom(services).get(caller.organizationId, parameter("id"));
          if (!entry) throw new AppError("not-found", `The ${title} was not found.`);
          return { status: 200, body: renderLogEntry(entry) };
        },
      },
    }),
  };
}
