import { servedSkill } from "../../../../schemas/served-skill.ts";
import { renderSkill } from "../../../domain/mcp/skill-document.ts";
import { type ListQuerySchema, toListQuerySchema, toPageSchema } from "../kernel/lists.ts";
import { defineOperation, type Operation } from "../kernel/operation.ts";
import { organizationListView } from "../kernel/organization-list.ts";

const path = "/served-skills";

/** The operation that names the skills that `/mcp` does not serve. */
export const listServedSkills: Operation = defineOperation<ListQuerySchema>({
  operationId: "listServedSkills",
  method: "get",
  path,
  tag: "Skills",
  query: toListQuerySchema({}),
  summary: "List how /mcp serves the skills",
  description:
    "Lists each skill with its URI in `/mcp`, or with the problem because of which it is left out there. Who may use the skills is not considered.",
  organization: organizationListView({
    path,
    filters: {},
    pageSchema: toPageSchema(servedSkill, "ServedSkillList"),
    serviceFrom: ({ skills }) => skills,
    render: (skill) => {
      const { id, slug, ownerId } = skill;
      const rendered = renderSkill(skill);
      return {
        ...{ id, slug, ...(ownerId !== undefined && { ownerId }) },
        ...("uri" in rendered ? { uri: rendered.uri } : { problem: rendered.problem }),
      };
    },
  }),
});
