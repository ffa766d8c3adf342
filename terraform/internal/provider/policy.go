package provider

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework-validators/setvalidator"
	"github.com/hashicorp/terraform-plugin-framework-validators/stringvalidator"
	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/objectdefault"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/gatehouse/terraform-provider-gatehouse/internal/api"
	"github.com/gatehouse/terraform-provider-gatehouse/internal/service"
)

type policyModel struct {
	record
	Slug        string                `tfsdk:"slug"`
	Name        string                `tfsdk:"name"`
	Description *string               `tfsdk:"description"`
	Effect      string                `tfsdk:"effect"`
	Subjects    *assignmentModel      `tfsdk:"subjects"`
	Resources   *policyResourcesModel `tfsdk:"resources"`
	Enabled     bool                  `tfsdk:"enabled"`
	Labels      map[string]string     `tfsdk:"labels"`
}

type policyResourcesModel struct {
	McpServers []string `tfsdk:"mcp_servers"`
	Tools      []string `tfsdk:"tools"`
	Toolkits   []string `tfsdk:"toolkits"`
	Skills     []string `tfsdk:"skills"`
	Commands   []string `tfsdk:"commands"`
}

var policyKind = &kind[policyModel]{
	name: "policy", title: "policy", key: "slug",
	description: "A rule that allows or denies the use of resources. A policy that denies takes precedence over every other rule and assignment.",
	attributes: map[string]schema.Attribute{
		"slug":        slugAttribute(),
		"name":        nameAttribute(),
		"description": descriptionAttribute(),
		"effect": schema.StringAttribute{
			Required: true, MarkdownDescription: "`allow` or `deny`.",
			Validators: []validator.String{stringvalidator.OneOf("allow", "deny")},
		},
		"subjects":  assignmentAttribute("The users to whom the policy applies. The default is no users."),
		"resources": policyResourcesAttribute(),
		"labels":    labelsAttribute(),
		"enabled":   boolWithDefault("A disabled policy has no effect.", true),
	},
	parts: func(m *policyModel) parts {
		return parts{base: &m.base, entityTag: m.entityTag(), key: m.Slug, label: m.Name}
	},
	lookups: idLookup,
	content: contentOf(toPolicy),
	dropDetached: func(m *policyModel, detached *service.DetachedReferences) {
		m.Subjects = dropFromAssignment(m.Subjects, detached)
		if r := m.Resources; r != nil {
			m.Resources = &policyResourcesModel{
				McpServers: detached.Without(mcpServerReference, r.McpServers), Tools: r.Tools,
				Toolkits: detached.Without(toolkitReference, r.Toolkits), Skills: detached.Without(skillReference, r.Skills),
				Commands: detached.Without(commandReference, r.Commands),
			}
		}
	},
	get: func(ctx context.Context, client *service.Client, identifier string) (policyModel, error) {
		return mapped(fromPolicy)(service.Read[api.Policy](client.GetPolicy(ctx, identifier, &api.GetPolicyParams{})))
	},
	create: func(ctx context.Context, client *service.Client, planned policyModel) (policyModel, error) {
		return putPolicy(ctx, client, planned, &api.PutPolicyParams{IfNoneMatch: service.AnyVersion()})
	},
	update: func(ctx context.Context, client *service.Client, planned, _ policyModel, ifMatch *string) (policyModel, error) {
		return putPolicy(ctx, client, planned, &api.PutPolicyParams{IfMatch: ifMatch})
	},
	remove: func(ctx context.Context, client *service.Client, prior policyModel, ifMatch *string) error {
		return service.Done(client.DeletePolicy(ctx, prior.Slug, &api.DeletePolicyParams{IfMatch: ifMatch}))
	},
	list: func(ctx context.Context, client *service.Client, page listPage) ([]policyModel, *string, error) {
		return readPage(fromPolicy)(client.ListPolicies(ctx, &api.ListPoliciesParams{Limit: &pageSize, Cursor: page.cursor, Label: page.labels}))
	},
}

func policyResourcesAttribute() schema.Attribute {
	texts := map[string]string{
		"mcp_servers": "Slugs of MCP servers.",
		"tools": "Patterns of tools. If there are any, the policy applies to these tools (of `mcp_servers`, if it has any) and not " +
			"to whole servers. `*` matches any characters, `?` matches one. With `__` a pattern matches the whole of " +
			"`server__tool`, without `__` the name of the tool. The function `tool` writes the name of one tool.",
		"toolkits": "Slugs of toolkits.", "skills": "Slugs of skills.", "commands": "Slugs of commands.",
	}
	attributes, attributeTypes, empty := map[string]schema.Attribute{}, map[string]attr.Type{}, map[string]attr.Value{}
	for name, text := range texts {
		attributes[name], attributeTypes[name], empty[name] = stringSet(text, setvalidator.SizeAtMost(200)), emptySet.Type(context.Background()), emptySet
	}
	return schema.SingleNestedAttribute{
		Optional: true, Computed: true, Attributes: attributes, MarkdownDescription: "The resources to which the policy applies. The default is none.",
		Default: objectdefault.StaticValue(types.ObjectValueMust(attributeTypes, empty)),
	}
}

func putPolicy(ctx context.Context, client *service.Client, m policyModel, params *api.PutPolicyParams) (policyModel, error) {
	body, err := toPolicy(m)
	if err != nil {
		return m, err
	}
	return mapped(fromPolicy)(service.Read[api.Policy](client.PutPolicy(ctx, m.Slug, params, body)))
}

func toPolicy(m policyModel) (api.PolicyReplacement, error) {
	body := api.PolicyReplacement{
		Name: m.Name, Description: m.Description, Effect: api.PolicyReplacementEffect(m.Effect),
		Subjects: toAssignment(m.Subjects), Enabled: &m.Enabled, Labels: toLabels(m.Labels),
	}
	if r := m.Resources; r != nil {
		body.Resources = &api.PolicyResourcesInput{
			McpServers: asSet(r.McpServers), Tools: asSet(r.Tools), Toolkits: asSet(r.Toolkits),
			Skills: asSet(r.Skills), Commands: asSet(r.Commands),
		}
	}
	return body, nil
}

func fromPolicy(policy api.Policy) (policyModel, error) {
	return policyModel{
		record: newRecord(policy.Id, policy.Version, policy.CreatedAt, policy.UpdatedAt),
		Slug:   policy.Slug, Name: policy.Name, Description: policy.Description, Effect: string(policy.Effect),
		Subjects: fromAssignment(policy.Subjects), Enabled: policy.Enabled, Labels: policy.Labels,
		Resources: &policyResourcesModel{
			McpServers: enums[string](policy.Resources.McpServers), Tools: enums[string](policy.Resources.Tools),
			Toolkits: enums[string](policy.Resources.Toolkits), Skills: enums[string](policy.Resources.Skills),
			Commands: enums[string](policy.Resources.Commands),
		},
	}, nil
}
