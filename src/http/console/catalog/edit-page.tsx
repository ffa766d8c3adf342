import type { Response } from "express";
import type { VNode } from "preact";
import type { CatalogResource } from "../../../domain/catalog/resource.ts";
import { ErrorSummary } from "../error-summary.tsx";
import { CsrfField, TextField } from "../fields.tsx";
import type { FormErrors } from "../form.ts";
import { LabelsField } from "../labels.tsx";
import { Layout, sendHtmlPage } from "../page.tsx";
import { VersionField } from "../version-field.tsx";
import type { Visit } from "../visit.ts";
import { AssignmentFieldset, assignmentLabels } from "./assignment.tsx";
import { type FormMerge, type FormValues, toSeen } from "./form-values.ts";
import type { CatalogSection } from "./section.ts";

export interface EditPage<T extends CatalogResource> {
  readonly base: string;
  readonly section: CatalogSection<T>;
  readonly visit: Visit;
  readonly values: FormValues;
  /** The stored resource; absent for a new one. */
  readonly stored?: { readonly resource: T; readonly values: FormValues };
  readonly errors?: FormErrors;
  /** The fields that another request has changed since the form was opened. */
  readonly changed?: FormMerge["changed"];
  readonly preview?: VNode;
}

/** Sends the form of a new or a stored resource. */
export function sendEditPage<T extends CatalogResource>(res: Response, status: number, page: EditPage<T>): void {
  const { base, section, visit, values, stored, errors, changed, preview } = page;
  const { path, heading, form, resourceType } = section;
  const url = `${base}${path}${stored ? `/${stored.resource.id}` : ""}`;
  const title = stored ? `Edit ${stored.resource.name}` : `Create ${resourceType.title}`;
  sendHtmlPage(
    res,
    status,
    <Layout title={title} base={base} visit={visit}>
      <p class="trail">
        <a href={`${base}${path}`}>{heading}</a>
        {stored && (
          <>
            {" "}
            / <a href={url}>{stored.resource.name}</a>
          </>
        )}
      </p>
      <h1>{title}</h1>
      {errors && <ErrorSummary heading={`The ${resourceType.title} was not saved:`} errors={errors} />}
      {changed && <ChangedFields labels={{ labels: "Labels", ...form.labels, ...assignmentLabels }} {...{ changed }} />}
      {preview}
      <form method="post" action={url}>
        <CsrfField visit={visit} />
        {stored && <VersionField version={stored.resource.version} />}
        {stored && <input type="hidden" name="seen" value={toSeen(stored.values)} />}
        <TextField name="name" label="Name" value={values["name"] ?? ""} required maxLength={200} errors={errors} />
        {!stored && (
          <TextField
            name="slug"
            label="Slug"
            value={values["slug"] ?? ""}
            required
            maxLength={63}
            hint="Lowercase letters, digits and hyphens. It appears in addresses and references, and never changes."
            errors={errors}
          />
        )}
        <form.Fields values={values} errors={errors} />
        <LabelsField value={values["labels"] ?? ""} errors={errors} />
        {stored?.resource.ownerId === undefined && (
          <AssignmentFieldset
            legend={form.assignmentKey === "subjects" ? "Applies to" : "Assigned to"}
            values={values}
            errors={errors}
          />
        )}
        <div class="actions">
          <button type="submit">{stored ? "Save" : `Create ${resourceType.title}`}</button>
          {section.preview && (
            <button type="submit" class="secondary" name="preview" value="true" formnovalidate>
              {section.preview.action}
            </button>
          )}
          <a href={url}>Cancel</a>
        </div>
      </form>
    </Layout>,
  );
}

/** What another request has changed. Fields that only the other request has changed show its values already. */
function ChangedFields({
  labels,
  changed,
}: {
  readonly labels: Readonly<Record<string, string>>;
  readonly changed: FormMerge["changed"];
}): VNode {
  return (
    <div class="notice" role="alert">
      <p>
        Nothing was saved: another request has changed this resource since you opened the form. Check what it has
        changed, and save again. Your entries are kept.
      </p>
      <ul>
        {changed.map(({ field, stored, isKept }) => (
          <li key={field}>
            <a href={`#${field}`}>{labels[field] ?? field}</a>
            {isKept ? " has the stored value now." : " differs from your entry. It is stored as "}
            {!isKept && <code class="stored">{stored === "" ? "(empty)" : shorten(stored)}</code>}
          </li>
        ))}
        {changed.length === 0 && <li>A part of the resource that this form does not contain.</li>}
      </ul>
    </div>
  );
}

const shorten = (text: string): string => (text.length > 500 ? `${text.slice(0, 500)}...` : text);
