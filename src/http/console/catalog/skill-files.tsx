import type { Request, RequestHandler, Response } from "express";
import type { VNode } from "preact";
import { type Skill, skillInput } from "../../../../schemas/skill.ts";
import { AppError } from "../../../errors.ts";
import type { Services } from "../../api/kernel/services.ts";
import { parseBody } from "../../api/kernel/validation.ts";
import { ErrorSummary } from "../error-summary.tsx";
import { CsrfField, FormActions, LinesField, TextField } from "../fields.tsx";
import { type FormErrors, readText } from "../form.ts";
import { Markdown } from "../markdown.tsx";
import type { PageOptions } from "../options.ts";
import { Layout, redirect, sendHtmlPage } from "../page.tsx";
import { readVersion, VersionField } from "../version-field.tsx";
import { requireVisit, type Visit } from "../visit.ts";
import { type FormValues, readFormValues } from "./form-values.ts";
import { saveVersion, toPartErrors } from "./save-version.ts";
import { canWrite, requireResource } from "./section.ts";
import { skillSection } from "./skills.tsx";

type SkillFile = NonNullable<Skill["files"]>[number];

/** Shows one file of a skill. Markdown is rendered. */
export function showSkillFile({ base, services }: PageOptions): RequestHandler {
  return async (req, res) => {
    req.operationId = "consoleShowSkillFile";
    const visit = requireVisit(req);
    const skill = await requireResource(skillSection, services, visit, req.params["id"]);
    const { path, content } = requireFile(skill, req.query["path"]);
    const url = `${base}${skillSection.path}/${skill.id}`;
    const query = `path=${encodeURIComponent(path)}`;
    sendHtmlPage(
      res,
      200,
      <Layout title={`${path} of ${skill.name}`} base={base} visit={visit}>
        <Trail base={base} skill={skill} />
        <h1>
          <code>{path}</code>
        </h1>
        {canWrite(visit) && (
          <div class="actions">
            <a class="button" href={`${url}/files/edit?${query}`}>
              Edit
            </a>
            <form method="post" action={`${url}/files/delete`}>
              <CsrfField visit={visit} />
              <VersionField version={skill.version} />
              <input type="hidden" name="original" value={path} />
              <button type="submit" class="danger">
                Delete
              </button>
            </form>
          </div>
        )}
        {/\.(?:md|markdown)$/i.test(path) ? (
          <Markdown text={content} />
        ) : (
          <pre class="source">
            <code>{content}</code>
          </pre>
        )}
      </Layout>,
    );
  };
}

/** Shows the form of a file of a skill, or of a new one. */
export function showSkillFileForm({ base, services }: PageOptions): RequestHandler {
  return async (req, res) => {
    req.operationId = "consoleShowSkillFileForm";
    const visit = requireVisit(req);
    const skill = await requireResource(skillSection, services, visit, req.params["id"]);
    const file = req.query["path"] === undefined ? undefined : requireFile(skill, req.query["path"]);
    const values = { path: file?.path ?? "", text: file?.content ?? "" };
    sendForm(res, 200, { base, visit, skill, values, original: file?.path ?? "" });
  };
}

/** Adds or changes a file of a skill. */
export function saveSkillFile({ base, services }: PageOptions): RequestHandler {
  return async (req, res) => {
    req.operationId = "consoleSaveSkillFile";
    const visit = requireVisit(req);
    const skill = await requireResource(skillSection, services, visit, req.params["id"]);
    const original = readText(req, "original");
    const { files = [] } = skill;
    const at = findIndex(files, original);
    const values = readFormValues(req, ["path", "text"], ["text"]);
    const { path = "", text: content = "" } = values;
    try {
      await save(req, skill, at < 0 ? [...files, { path, content }] : files.with(at, { path, content }), services);
    } catch (error) {
      const index = at < 0 ? files.length : at;
      const { status, errors } = toPartErrors(error, { [`files/${index}/content`]: "text", files: "path" });
      sendForm(res, status, { base, visit, skill, values, original, errors });
      return;
    }
    redirect(res, `${base}${skillSection.path}/${skill.id}/files?path=${encodeURIComponent(path)}`);
  };
}

/** Deletes a file of a skill. */
export function deleteSkillFile({ base, services }: PageOptions): RequestHandler {
  return async (req, res) => {
    req.operationId = "consoleDeleteSkillFile";
    const visit = requireVisit(req);
    const skill = await requireResource(skillSection, services, visit, req.params["id"]);
    const { path } = requireFile(skill, readText(req, "original"));
    const files = skill.files?.filter((file) => file.path !== path) ?? [];
    await save(req, skill, files, services);
    redirect(res, `${base}${skillSection.path}/${skill.id}`);
  };
}

/** @throws AppError invalid-value; conflict if another request has changed the skill since the page was opened */
async function save(req: Request, skill: Skill, files: readonly SkillFile[], { skills }: Services): Promise<void> {
  const { caller } = requireVisit(req);
  await saveVersion(skills, caller, skill.id, readVersion(req), ({ files: _, ...content }) =>
    parseBody(skillInput, { ...content, ...(files.length > 0 && { files }) }),
  );
}

/** A new file has no original path. @throws AppError not-found if the file does not exist any more */
function findIndex(files: readonly SkillFile[], original: string): number {
  const at = files.findIndex(({ path }) => path === original);
  if (original !== "" && at < 0) throw fileNotFound();
  return at;
}

function requireFile({ files = [] }: Skill, path: unknown): SkillFile {
  const file = files.find((each) => each.path === path);
  if (file) return file;
  throw fileNotFound();
}

const fileNotFound = (): AppError => new AppError("not-found", "The skill has no file with this path.");

interface FileForm {
  readonly base: string;
  readonly visit: Visit;
  readonly skill: Skill;
  readonly values: FormValues;
  /** The path of the stored file; empty for a new one. */
  readonly original: string;
  readonly errors?: FormErrors;
}

function sendForm(res: Response, status: number, { base, visit, skill, values, original, errors }: FileForm): void {
  const title = original === "" ? `Add a file to ${skill.name}` : `Edit ${original} of ${skill.name}`;
  const url = `${base}${skillSection.path}/${skill.id}`;
  sendHtmlPage(
    res,
    status,
    <Layout title={title} base={base} visit={visit}>
      <Trail base={base} skill={skill} />
      <h1>{title}</h1>
      {errors && <ErrorSummary heading="The file was not saved:" errors={errors} />}
      <form method="post" action={`${url}/files`}>
        <CsrfField visit={visit} />
        <VersionField version={skill.version} />
        <input type="hidden" name="original" value={original} />
        <TextField
          name="path"
          label="Path"
          value={values["path"] ?? ""}
          required
          hint="Relative to the skill, such as scripts/check.py."
          errors={errors}
        />
        <LinesField name="text" label="Content" value={values["text"] ?? ""} rows={20} errors={errors} />
        <FormActions submit="Save" cancelUrl={url} />
      </form>
    </Layout>,
  );
}

const Trail = ({ base, skill: { id, name } }: { readonly base: string; readonly skill: Skill }): VNode => (
  <p class="trail">
    <a href={`${base}${skillSection.path}`}>Skills</a> / <a href={`${base}${skillSection.path}/${id}`}>{name}</a>
  </p>
);
