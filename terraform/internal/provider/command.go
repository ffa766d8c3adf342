package provider

import (
	"context"
	"regexp"

	"github.com/hashicorp/terraform-plugin-framework-validators/listvalidator"
	"github.com/hashicorp/terraform-plugin-framework-validators/stringvalidator"
	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/listdefault"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/gatehouse/terraform-provider-gatehouse/internal/api"
	"github.com/gatehouse/terraform-provider-gatehouse/internal/service"
)

type commandModel struct {
	record
	Slug         string                 `tfsdk:"slug"`
	Name         string                 `tfsdk:"name"`
	Description  *string                `tfsdk:"description"`
	Template     string                 `tfsdk:"template"`
	Arguments    []commandArgumentModel `tfsdk:"arguments"`
	Active       bool                   `tfsdk:"active"`
	Assignment   *assignmentModel       `tfsdk:"assignment"`
	ForceDestroy types.Bool             `tfsdk:"force_destroy"`
	Labels       map[string]string      `tfsdk:"labels"`
}

type commandArgumentModel struct {
	Name        string  `tfsdk:"name"`
	Description *string `tfsdk:"description"`
	Required    bool    `tfsdk:"required"`
}

var argumentObject = schema.NestedAttributeObject{Attributes: map[string]schema.Attribute{
	"name": schema.StringAttribute{
		Required: true, MarkdownDescription: "The name in the template.",
		Validators: []validator.String{stringvalidator.RegexMatches(
			regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]{0,62}$`), "must be a letter, then letters, digits and underscores")},
	},
	"description": descriptionAttribute(),
	"required":    boolWithDefault("Whether a user must enter a value.", false),
}}

var commandKind = &kind[commandModel]{
	name: "command", title: "command", key: "slug",
	description: "A text template that a user invokes by name. MCP clients show it as a prompt.",
	attributes: map[string]schema.Attribute{
		"slug":        slugAttribute(),
		"name":        nameAttribute(),
		"description": descriptionAttribute(),
		"template": schema.StringAttribute{
			Required: true, MarkdownDescription: "The text. Each `{{argument}}` is replaced with the value of that argument.",
			Validators: []validator.String{stringvalidator.UTF8LengthBetween(1, 50_000)},
		},
		"arguments": schema.ListNestedAttribute{
			Optional: true, Computed: true, MarkdownDescription: "The arguments, in the order in which clients request them.",
			NestedObject: argumentObject, Validators: []validator.List{listvalidator.SizeAtMost(50)},
			Default: listdefault.StaticValue(types.ListValueMust(argumentObject.Type(), []attr.Value{})),
		},
		"active":        boolWithDefault("An inactive command is hidden from all users.", true),
		"assignment":    assignmentAttribute("The users who can use the command. The default is no users."),
		"labels":        labelsAttribute(),
		"force_destroy": forceDestroyAttribute("command"),
	},
	parts: func(m *commandModel) parts {
		return parts{base: &m.base, entityTag: m.entityTag(), key: m.Slug, label: m.Name, flags: []*types.Bool{&m.ForceDestroy}}
	},
	lookups: idLookup,
	content: contentOf(toCommand),
	dropDetached: func(m *commandModel, detached *service.DetachedReferences) {
		m.Assignment = dropFromAssignment(m.Assignment, detached)
	},
	get: func(ctx context.Context, client *service.Client, identifier string) (commandModel, error) {
		return mapped(fromCommand)(service.Read[api.Command](client.GetCommand(ctx, identifier, &api.GetCommandParams{})))
	},
	create: func(ctx context.Context, client *service.Client, planned commandModel) (commandModel, error) {
		return putCommand(ctx, client, planned, &api.PutCommandParams{IfNoneMatch: service.AnyVersion()})
	},
	update: func(ctx context.Context, client *service.Client, planned, _ commandModel, ifMatch *string) (commandModel, error) {
		return putCommand(ctx, client, planned, &api.PutCommandParams{IfMatch: ifMatch})
	},
	remove: func(ctx context.Context, client *service.Client, prior commandModel, ifMatch *string) error {
		params := &api.DeleteCommandParams{Detach: prior.ForceDestroy.ValueBoolPointer(), IfMatch: ifMatch}
		return client.Detached.AfterRemoval(commandReference, prior.Slug, service.Done(client.DeleteCommand(ctx, prior.Slug, params)))
	},
	list: func(ctx context.Context, client *service.Client, page listPage) ([]commandModel, *string, error) {
		return readPage(fromCommand)(client.ListCommands(ctx, &api.ListCommandsParams{Limit: &pageSize, Cursor: page.cursor, Label: page.labels}))
	},
}

func putCommand(ctx context.Context, client *service.Client, m commandModel, params *api.PutCommandParams) (commandModel, error) {
	body, err := toCommand(m)
	if err != nil {
		return m, err
	}
	return mapped(fromCommand)(service.Read[api.Command](client.PutCommand(ctx, m.Slug, params, body)))
}

func toCommand(m commandModel) (api.CommandReplacement, error) {
	arguments := make([]api.CommandArgumentInput, 0, len(m.Arguments))
	for _, each := range m.Arguments {
		arguments = append(arguments, api.CommandArgumentInput{Name: each.Name, Description: each.Description, Required: &each.Required})
	}
	return api.CommandReplacement{
		Name: m.Name, Description: m.Description, Template: m.Template, Arguments: &arguments, Active: &m.Active,
		Assignment: toAssignment(m.Assignment), Labels: toLabels(m.Labels),
	}, nil
}

func fromCommand(command api.Command) (commandModel, error) {
	arguments := make([]commandArgumentModel, 0, len(command.Arguments))
	for _, each := range command.Arguments {
		arguments = append(arguments, commandArgumentModel{Name: each.Name, Description: each.Description, Required: each.Required})
	}
	return commandModel{
		record: newRecord(command.Id, command.Version, command.CreatedAt, command.UpdatedAt),
		Slug:   command.Slug, Name: command.Name, Description: command.Description, Template: command.Template,
		Arguments: arguments, Active: command.Active, Assignment: fromAssignment(command.Assignment), Labels: command.Labels,
	}, nil
}
