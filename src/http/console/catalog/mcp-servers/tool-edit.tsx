import type { RequestHandler, Response } from "express";
import { type McpServer, mcpServerInput, toolRisk } from "../../../../../schemas/mcp-server.ts";
import { parseBody } from "../../../api/kernel/validation.ts";
import { ErrorSummary } from "../../error-summary.tsx";
import { CheckBox, CsrfField, FormActions, LinesField, SelectField, TextField } from "../../fields.tsx";
import { type FormErrors, readText } from "../../form.ts";
import type { PageOptions } from "../../options.ts";
import { Layout, redirect, sendHtmlPage } from "../../page.tsx";
import { readVersion, VersionField } from "../../version-field.tsx";
import { requireVisit, type Visit } from "../../visit.ts";
import { type FormValues, readFormValues } from "../form-values.ts";
import { saveVersion, toPartErrors } from "../save-version.ts";
import { requireResource } from "../section.ts";
import { mcpServerSection } from "./section.tsx";
import { requireTool, ServerTrail } from "./tool.tsx";
import { hintLabels, newToolValues, spacedToolFields, toolFields, toTool, toToolValues } from "./tool-form.ts";

/** Shows the form of a tool, or of a new one. */
export function showToolForm({ base, services }: PageOptions): RequestHandler {
  return async (req, res) => {
    req.operationId = "consoleShowToolForm";
    const visit = requireVisit(req);
    const server = await requireResource(mcpServerSection, services, visit, req.params["id"]);
    const { name } = req.query;
    const tool = name === undefined ? undefined : requireTool(server, name);
    const values = tool ? toToolValues(tool) : newToolValues;
    sendForm(res, 200, { base, visit, server, version: server.version, values, original: tool?.name ?? "" });
  };
}

/** Adds or changes a tool. Its errors are shown at the fields. */
export function saveTool({ base, services }: PageOptions): RequestHandler {
  return async (req, res) => {
    req.operationId = "consoleSaveTool";
    const visit = requireVisit(req);
    const server = await requireResource(mcpServerSection, services, visit, req.params["id"]);
    const original = readText(req, "original");
    const stored = original === "" ? undefined : requireTool(server, original);
    const at = stored ? server.tools.indexOf(stored) : server.tools.length;
    const values = readFormValues(req, toolFields, spacedToolFields);
    const version = readVersion(req);
    try {
      const tool = toTool(values, stored);
      await saveVersion(services.mcpServers, visit.caller, server.id, version, (content) =>
        parseBody(mcpServerInput, {
          ...content,
          tools: [...content.tools.slice(0, at), tool, ...content.tools.slice(at + 1)],
        }),
      );
    } catch (error) {
      const { status, errors } = toPartErrors(error, toFieldNames(at));
      const shown = status === 412 ? server.version : version;
      sendForm(res, status, { base, visit, server, version: shown, values, original, errors });
      return;
    }
    const name = encodeURIComponent(values["name"] ?? "");
    redirect(res, `${base}${mcpServerSection.path}/${server.id}/tools?name=${name}`);
  };
}

/** Deletes a tool from the catalog. The server still offers it, so that a refresh can add it again. */
export function deleteTool({ base, services }: PageOptions): RequestHandler {
  return async (req, res) => {
    req.operationId = "consoleDeleteTool";
    const visit = requireVisit(req);
    const server = await requireResource(mcpServerSection, services, visit, req.params["id"]);
    const { name } = requireTool(server, readText(req, "original"));
    const version = readVersion(req);
    await saveVersion(services.mcpServers, visit.caller, server.id, version, (content) => ({
      ...content,
      tools: content.tools.filter((tool) => tool.name !== name),
    }));
    redirect(res, `${base}${mcpServerSection.path}/${server.id}`);
  };
}

/** The fields of the errors of the tool at this position. An error of the whole list is a name that is in use. */
const toFieldNames = (at: number): Readonly<Record<string, string>> => ({
  ...Object.fromEntries(toolFields.map((field) => [`tools/${at}/${field}`, field])),
  [`tools/${at}/annotations/title`]: "annotationTitle",
  ...{ tools: "name", [`tools/${at}/annotations`]: "annotationTitle" },
});

interface ToolForm {
  readonly base: string;
  readonly visit: Visit;
  readonly server: McpServer;
  /** The version that the form changes. */
  readonly version: number;
  readonly values: FormValues;
  /** The name of the stored tool; empty for a new one. */
  readonly original: string;
  readonly errors?: FormErrors;
}

function sendForm(res: Response, status: number, page: ToolForm): void {
  const { base, visit, server, version, values, original, errors } = page;
  const title = original === "" ? `Add a tool to ${server.name}` : `Edit ${original} of ${server.name}`;
  const url = `${base}${mcpServerSection.path}/${server.id}`;
  const props = (name: string) => ({ name, value: values[name] ?? "", errors });
  const anyHint = { "": "Not stated", true: "Yes", false: "No" };
  sendHtmlPage(
    res,
    status,
    <Layout title={title} base={base} visit={visit}>
      <ServerTrail base={base} server={server} />
      <h1>{title}</h1>
      {errors && <ErrorSummary heading="The tool was not saved:" errors={errors} />}
      <form method="post" action={`${url}/tools`}>
        <CsrfField visit={visit} />
        <VersionField version={version} />
        <input type="hidden" name="original" value={original} />
        <TextField {...props("name")} label="Name" required maxLength={128} hint="As the server names it." />
        <TextField {...props("title")} label="Title (optional)" maxLength={200} />
        <LinesField {...props("description")} label="Description (optional)" rows={6} />
        <SelectField
          {...props("risk")}
          label="Risk"
          options={{
            ...(original === "" && { "": "Derived from the annotations" }),
            ...Object.fromEntries(toolRisk.options.map((risk) => [risk, risk])),
          }}
        />
        <div class="field">
          <CheckBox
            name="enabled"
            label="Enabled"
            hint="A disabled tool is hidden from all users."
            checked={values["enabled"] === "true"}
          />
        </div>
        <LinesField
          {...props("inputSchema")}
          label="Input schema (optional)"
          rows={10}
          hint="JSON Schema of the arguments. Its root has type object."
        />
        <LinesField
          {...props("outputSchema")}
          label="Output schema (optional)"
          rows={6}
          hint="JSON Schema of the results."
        />
        <fieldset>
          <legend>Annotations</legend>
          <p class="hint">What the server claims about the tool. The risk decides what a token can use.</p>
          <TextField {...props("annotationTitle")} label="Title (optional)" maxLength={200} />
          {Object.entries(hintLabels).map(([hint, label]) => (
            <SelectField key={hint} {...props(hint)} label={label} options={anyHint} />
          ))}
        </fieldset>
        <FormActions submit="Save" cancelUrl={url} />
      </form>
    </Layout>,
  );
}
