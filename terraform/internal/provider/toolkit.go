package provider

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework-validators/mapvalidator"
	"github.com/hashicorp/terraform-plugin-framework-validators/setvalidator"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/gatehouse/terraform-provider-gatehouse/internal/api"
	"github.com/gatehouse/terraform-provider-gatehouse/internal/service"
)

type toolkitModel struct {
	record
	Slug           string                       `tfsdk:"slug"`
	Name           string                       `tfsdk:"name"`
	Description    *string                      `tfsdk:"description"`
	Entries        map[string]toolkitEntryModel `tfsdk:"entries"`
	Skills         []string                     `tfsdk:"skills"`
	Commands       []string                     `tfsdk:"commands"`
	LeastPrivilege bool                         `tfsdk:"least_privilege"`
	Assignment     *assignmentModel             `tfsdk:"assignment"`
	ForceDestroy   types.Bool                   `tfsdk:"force_destroy"`
	Labels         map[string]string            `tfsdk:"labels"`
}

// toolkitEntryModel selects all tools of a server if it has no tools.
type toolkitEntryModel struct {
	Tools []string `tfsdk:"tools"`
}

var toolkitKind = &kind[toolkitModel]{
	name: "toolkit", title: "toolkit", key: "slug",
	description: "A named selection of tools, skills and commands. It does not grant access to servers.",
	attributes: map[string]schema.Attribute{
		"slug":        slugAttribute(),
		"name":        nameAttribute(),
		"description": descriptionAttribute(),
		"entries": namedObjects("The selected MCP servers, by their slugs.", map[string]schema.Attribute{
			"tools": schema.SetAttribute{
				Optional: true, ElementType: types.StringType, MarkdownDescription: "The selected tools. Without it, all tools of the server.",
				Validators: []validator.Set{setvalidator.SizeAtMost(500), setvalidator.ValueStringsAre(isToolName)},
			},
		}, mapvalidator.SizeAtMost(100), mapvalidator.KeysAre(isSlug)),
		"skills":          stringSet("Slugs of skills.", setvalidator.SizeAtMost(100)),
		"commands":        stringSet("Slugs of commands.", setvalidator.SizeAtMost(100)),
		"least_privilege": boolWithDefault("A hint for clients to use only the listed tools.", false),
		"assignment":      assignmentAttribute("The users who can use the toolkit. The default is no users."),
		"labels":          labelsAttribute(),
		"force_destroy":   forceDestroyAttribute("toolkit"),
	},
	parts: func(m *toolkitModel) parts {
		return parts{base: &m.base, entityTag: m.entityTag(), key: m.Slug, label: m.Name, flags: []*types.Bool{&m.ForceDestroy}}
	},
	lookups: idLookup,
	content: contentOf(toToolkit),
	dropDetached: func(m *toolkitModel, detached *service.DetachedReferences) {
		m.Assignment = dropFromAssignment(m.Assignment, detached)
		m.Skills, m.Commands = detached.Without(skillReference, m.Skills), detached.Without(commandReference, m.Commands)
		entries := map[string]toolkitEntryModel{}
		for server, entry := range m.Entries {
			if !detached.Contains(mcpServerReference, server) {
				entries[server] = entry
			}
		}
		m.Entries = entries
	},
	get: func(ctx context.Context, client *service.Client, identifier string) (toolkitModel, error) {
		return mapped(fromToolkit)(service.Read[api.Toolkit](client.GetToolkit(ctx, identifier, &api.GetToolkitParams{})))
	},
	create: func(ctx context.Context, client *service.Client, planned toolkitModel) (toolkitModel, error) {
		return putToolkit(ctx, client, planned, &api.PutToolkitParams{IfNoneMatch: service.AnyVersion()})
	},
	update: func(ctx context.Context, client *service.Client, planned, _ toolkitModel, ifMatch *string) (toolkitModel, error) {
		return putToolkit(ctx, client, planned, &api.PutToolkitParams{IfMatch: ifMatch})
	},
	remove: func(ctx context.Context, client *service.Client, prior toolkitModel, ifMatch *string) error {
		params := &api.DeleteToolkitParams{Detach: prior.ForceDestroy.ValueBoolPointer(), IfMatch: ifMatch}
		return client.Detached.AfterRemoval(toolkitReference, prior.Slug, service.Done(client.DeleteToolkit(ctx, prior.Slug, params)))
	},
	list: func(ctx context.Context, client *service.Client, page listPage) ([]toolkitModel, *string, error) {
		return readPage(fromToolkit)(client.ListToolkits(ctx, &api.ListToolkitsParams{Limit: &pageSize, Cursor: page.cursor, Label: page.labels}))
	},
}

func putToolkit(ctx context.Context, client *service.Client, m toolkitModel, params *api.PutToolkitParams) (toolkitModel, error) {
	body, err := toToolkit(m)
	if err != nil {
		return m, err
	}
	return mapped(fromToolkit)(service.Read[api.Toolkit](client.PutToolkit(ctx, m.Slug, params, body)))
}

func toToolkit(m toolkitModel) (api.ToolkitReplacement, error) {
	entries := make([]api.ToolkitEntryInput, 0, len(m.Entries))
	for _, server := range sortedKeys(m.Entries) {
		entry := api.ToolkitEntryInput{McpServer: server}
		if tools := m.Entries[server].Tools; tools != nil {
			entry.Tools = asSet(tools)
		}
		entries = append(entries, entry)
	}
	return api.ToolkitReplacement{
		Name: m.Name, Description: m.Description, Entries: &entries, Skills: asSet(m.Skills), Commands: asSet(m.Commands),
		LeastPrivilege: &m.LeastPrivilege, Assignment: toAssignment(m.Assignment), Labels: toLabels(m.Labels),
	}, nil
}

func fromToolkit(toolkit api.Toolkit) (toolkitModel, error) {
	entries := map[string]toolkitEntryModel{}
	for _, entry := range toolkit.Entries {
		var model toolkitEntryModel
		if entry.Tools != nil {
			model.Tools = *entry.Tools
		}
		entries[entry.McpServer] = model
	}
	return toolkitModel{
		record: newRecord(toolkit.Id, toolkit.Version, toolkit.CreatedAt, toolkit.UpdatedAt),
		Slug:   toolkit.Slug, Name: toolkit.Name, Description: toolkit.Description, Entries: entries,
		Skills: enums[string](toolkit.Skills), Commands: enums[string](toolkit.Commands),
		LeastPrivilege: toolkit.LeastPrivilege, Assignment: fromAssignment(toolkit.Assignment), Labels: toolkit.Labels,
	}, nil
}
