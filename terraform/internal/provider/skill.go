package provider

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework-validators/mapvalidator"
	"github.com/hashicorp/terraform-plugin-framework-validators/stringvalidator"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/gatehouse/terraform-provider-gatehouse/internal/api"
	"github.com/gatehouse/terraform-provider-gatehouse/internal/service"
)

type skillModel struct {
	record
	Slug         string            `tfsdk:"slug"`
	Name         string            `tfsdk:"name"`
	Description  *string           `tfsdk:"description"`
	Content      string            `tfsdk:"content"`
	Files        map[string]string `tfsdk:"files"`
	Assignment   *assignmentModel  `tfsdk:"assignment"`
	ForceDestroy types.Bool        `tfsdk:"force_destroy"`
	Labels       map[string]string `tfsdk:"labels"`
}

var skillKind = &kind[skillModel]{
	name: "skill", title: "skill", key: "slug",
	description: "Instructions in Markdown that a client adds to the context of a model.",
	attributes: map[string]schema.Attribute{
		"slug":        slugAttribute(),
		"name":        nameAttribute(),
		"description": descriptionAttribute(),
		"content": schema.StringAttribute{
			Required: true, MarkdownDescription: "The instructions in Markdown, such as `file(\"skill.md\")`.",
			Validators: []validator.String{stringvalidator.UTF8LengthAtMost(100_000)},
		},
		"files": schema.MapAttribute{
			Optional: true, ElementType: types.StringType, MarkdownDescription: "The contents of further files, by their relative paths.",
			Validators: []validator.Map{mapvalidator.SizeBetween(1, 20)},
		},
		"assignment":    assignmentAttribute("The users who can use the skill. The default is no users."),
		"labels":        labelsAttribute(),
		"force_destroy": forceDestroyAttribute("skill"),
	},
	parts: func(m *skillModel) parts {
		return parts{base: &m.base, entityTag: m.entityTag(), key: m.Slug, label: m.Name, flags: []*types.Bool{&m.ForceDestroy}}
	},
	lookups: idLookup,
	content: contentOf(toSkill),
	dropDetached: func(m *skillModel, detached *service.DetachedReferences) {
		m.Assignment = dropFromAssignment(m.Assignment, detached)
	},
	get: func(ctx context.Context, client *service.Client, identifier string) (skillModel, error) {
		return mapped(fromSkill)(service.Read[api.Skill](client.GetSkill(ctx, identifier, &api.GetSkillParams{})))
	},
	create: func(ctx context.Context, client *service.Client, planned skillModel) (skillModel, error) {
		return putSkill(ctx, client, planned, &api.PutSkillParams{IfNoneMatch: service.AnyVersion()})
	},
	update: func(ctx context.Context, client *service.Client, planned, _ skillModel, ifMatch *string) (skillModel, error) {
		return putSkill(ctx, client, planned, &api.PutSkillParams{IfMatch: ifMatch})
	},
	remove: func(ctx context.Context, client *service.Client, prior skillModel, ifMatch *string) error {
		params := &api.DeleteSkillParams{Detach: prior.ForceDestroy.ValueBoolPointer(), IfMatch: ifMatch}
		return client.Detached.AfterRemoval(skillReference, prior.Slug, service.Done(client.DeleteSkill(ctx, prior.Slug, params)))
	},
	list: func(ctx context.Context, client *service.Client, page listPage) ([]skillModel, *string, error) {
		include := "content,files"
		params := &api.ListSkillsParams{Limit: &pageSize, Cursor: page.cursor, Label: page.labels, Include: &include}
		return readPage(fromSkill)(client.ListSkills(ctx, params))
	},
}

func putSkill(ctx context.Context, client *service.Client, m skillModel, params *api.PutSkillParams) (skillModel, error) {
	body, err := toSkill(m)
	if err != nil {
		return m, err
	}
	return mapped(fromSkill)(service.Read[api.Skill](client.PutSkill(ctx, m.Slug, params, body)))
}

func toSkill(m skillModel) (api.SkillReplacement, error) {
	body := api.SkillReplacement{
		Name: m.Name, Description: m.Description, Content: m.Content, Assignment: toAssignment(m.Assignment),
		Labels: toLabels(m.Labels),
	}
	if m.Files != nil {
		files := make([]api.SkillFileInput, 0, len(m.Files))
		for _, path := range sortedKeys(m.Files) {
			files = append(files, api.SkillFileInput{Path: path, Content: m.Files[path]})
		}
		body.Files = &files
	}
	return body, nil
}

func fromSkill(skill api.Skill) (skillModel, error) {
	m := skillModel{
		record: newRecord(skill.Id, skill.Version, skill.CreatedAt, skill.UpdatedAt),
		Slug:   skill.Slug, Name: skill.Name, Description: skill.Description, Content: skill.Content,
		Assignment: fromAssignment(skill.Assignment), Labels: skill.Labels,
	}
	if files := valueOr(skill.Files, nil); len(files) > 0 {
		m.Files = map[string]string{}
		for _, file := range files {
			m.Files[file.Path] = file.Content
		}
	}
	return m, nil
}
