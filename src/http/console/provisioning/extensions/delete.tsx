import type { RequestHandler, Response } from "express";
import type { ScimExtension } from "../../../../../schemas/scim-extension.ts";
import { type AppError, hasErrorCode } from "../../../../errors.ts";
import { Choice, CsrfField } from "../../fields.tsx";
import { readText } from "../../form.ts";
import type { PageOptions } from "../../options.ts";
import { Layout, redirect, sendHtmlPage } from "../../page.tsx";
import { readVersion, VersionField } from "../../version-field.tsx";
import { requireVisit, type Visit } from "../../visit.ts";
import { readExtension } from "./options.ts";

/** Shows what the deletion of an extension schema causes, to be confirmed. */
export function showExtensionDeletion(options: PageOptions): RequestHandler {
  return async (req, res) => {
    req.operationId = "consoleShowExtensionDeletion";
    const extension = await readExtension(options, req);
    sendConfirmation(res, 200, { base: options.base, visit: requireVisit(req), extension });
  };
}

/** Deletes an extension schema, and the stored values only if this was confirmed. */
export function deleteExtension(options: PageOptions): RequestHandler {
  const { base, services } = options;
  return async (req, res) => {
    req.operationId = "consoleDeleteExtension";
    const visit = requireVisit(req);
    const extension = await readExtension(options, req);
    const version = readVersion(req);
    const isForced = readText(req, "force") === "true";
    try {
      await services.scimExtensions.remove(visit.caller, extension.urn, { ifMatch: [version] }, isForced);
    } catch (error) {
      if (hasErrorCode(error, "referenced")) {
        const { blockers = [] } = (error satisfies AppError).details;
        sendConfirmation(res, 409, { base, visit, extension, holders: blockers.map(({ name }) => name) });
        return;
      }
      if (!hasErrorCode(error, "precondition-failed")) throw error;
      sendConfirmation(res, 412, { base, visit, extension, isOutdated: true });
      return;
    }
    redirect(res, `${base}/provisioning/extensions`);
  };
}

interface ConfirmationProps {
  readonly base: string;
  readonly visit: Visit;
  readonly extension: ScimExtension;
  /** Users or groups that have values of the schema. */
  readonly holders?: readonly string[];
  readonly isOutdated?: boolean;
}

function sendConfirmation(
  res: Response,
  httpStatus: 200 | 409 | 412,
  { base, visit, extension, holders = [], isOutdated = false }: ConfirmationProps,
): void {
  const { id, urn, version, resourceType } = extension;
  const url = `${base}/provisioning/extensions`;
  sendHtmlPage(
    res,
    httpStatus,
    <Layout title={`Delete ${urn}`} base={base} visit={visit}>
      <p class="trail">
        <a href={`${base}/provisioning`}>Provisioning</a> / <a href={url}>Extension schemas</a> /{" "}
        <a href={`${url}/${id}`}>{urn}</a>
      </p>
      <h1>Delete {urn}?</h1>
      {isOutdated && (
        <p class="notice error" role="alert">
          The schema has changed since you opened this page. Nothing was deleted.
        </p>
      )}
      {holders.length > 0 && (
        <p class="notice error" role="alert">
          Nothing was deleted, because values are stored: {holders.join(", ")}.
        </p>
      )}
      <p>SCIM clients that send attributes of this schema have them ignored or rejected, as the settings say.</p>
      <form method="post" action={`${url}/${id}/delete`}>
        <CsrfField visit={visit} />
        <VersionField version={version} />
        <Choice
          type="checkbox"
          name="force"
          value="true"
          label={`Delete the stored values of each ${resourceType.toLowerCase()} too`}
          hint="They cannot be restored. Without this, the schema is deleted only if nothing is stored."
          checked={false}
        />
        <div class="actions">
          <button type="submit" class="danger">
            Delete
          </button>
          <a href={`${url}/${id}`}>Cancel</a>
        </div>
      </form>
    </Layout>,
  );
}
