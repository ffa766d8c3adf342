import type { VNode } from "preact";
import { type Skill, skillInput } from "../../../../schemas/skill.ts";
import { skillType } from "../../../domain/catalog/resource-types.ts";
import { LinesField } from "../fields.tsx";
import { Markdown } from "../markdown.tsx";
import { summarizeAssignment } from "./assignment.tsx";
import { toOptional } from "./form-values.ts";
import { type CatalogSection, canWrite, type DetailContext, type FormFieldsProps } from "./section.ts";

/** The pages of skills. Their files have pages of their own. */
export const skillSection: CatalogSection<Skill> = {
  resourceType: skillType,
  path: "/catalog/skills",
  heading: "Skills",
  name: "Skill",
  catalogFrom: (services) => services.skills,
  inputSchema: skillInput,
  filters: [
    { name: "ownerId", label: "Id of the owner", toCondition: (value) => ({ op: "eq", path: "ownerId", value }) },
  ],
  columns: [
    { name: "Characters", render: ({ content }) => content.length.toLocaleString("en") },
    { name: "Files", render: ({ files }) => files?.length ?? 0 },
    { name: "Assigned to", render: ({ assignment }) => summarizeAssignment(assignment) },
  ],
  form: {
    // The id `content` is that of the content of every page.
    keys: { name: ["name"], description: ["description"], content: ["text"] },
    assignmentKey: "assignment",
    texts: ["description", "text"],
    labels: { name: "Name", description: "Description", text: "Content" },
    defaults: {},
    toValues: ({ name, description, content }) => ({ name, description: description ?? "", text: content }),
    toBody: (values) => ({
      name: values["name"],
      description: toOptional(values["description"]),
      content: values["text"],
    }),
    rename: { content: "text" },
    Fields: SkillFields,
  },
  renderDetails: async (context) => (
    <>
      <SkillFiles {...context} />
      <section aria-labelledby="skill-content">
        <h2 id="skill-content">Content</h2>
        <Markdown text={context.resource.content} />
        <details>
          <summary>Source</summary>
          <pre class="source">
            <code>{context.resource.content}</code>
          </pre>
        </details>
      </section>
    </>
  ),
};

function SkillFields({ values, errors }: FormFieldsProps): VNode {
  const props = (name: string) => ({ name, value: values[name] ?? "", errors });
  return (
    <>
      <LinesField {...props("description")} label="Description (optional)" />
      <LinesField {...props("text")} label="Content" rows={20} hint="Markdown, up to 100,000 characters." />
    </>
  );
}

function SkillFiles({ base, visit, resource: { id, files = [] } }: DetailContext<Skill>): VNode {
  const url = `${base}${skillSection.path}/${id}/files`;
  return (
    <section aria-labelledby="files">
      <h2 id="files">Files</h2>
      {files.length === 0 ? (
        <p class="muted">None</p>
      ) : (
        <ul>
          {files.map(({ path, content }) => (
            <li key={path}>
              <a href={`${url}?path=${encodeURIComponent(path)}`}>
                <code>{path}</code>
              </a>{" "}
              <span class="muted">{content.length.toLocaleString("en")} characters</span>
            </li>
          ))}
        </ul>
      )}
      {canWrite(visit) && (
        <p>
          <a href={`${url}/edit`}>Add a file</a>
        </p>
      )}
    </section>
  );
}
