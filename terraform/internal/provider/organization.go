package provider

import (
	"context"
	"fmt"

	"github.com/hashicorp/terraform-plugin-framework-validators/int64validator"
	"github.com/hashicorp/terraform-plugin-framework-validators/setvalidator"
	"github.com/hashicorp/terraform-plugin-framework-validators/stringvalidator"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/planmodifier"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/stringplanmodifier"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/gatehouse/terraform-provider-gatehouse/internal/api"
	"github.com/gatehouse/terraform-provider-gatehouse/internal/service"
)

type organizationModel struct {
	record
	Slug         types.String       `tfsdk:"slug"`
	Name         string             `tfsdk:"name"`
	TokenPolicy  *tokenPolicyModel  `tfsdk:"token_policy"`
	AuthExchange *authExchangeModel `tfsdk:"auth_exchange"`
	Provisioning *provisioningModel `tfsdk:"provisioning"`
	Mcp          *mcpSettingsModel  `tfsdk:"mcp"`
}

type tokenPolicyModel struct {
	MaxTTLDays     *int     `tfsdk:"max_ttl_days"`
	DefaultTTLDays *int     `tfsdk:"default_ttl_days"`
	AllowedTypes   []string `tfsdk:"allowed_types"`
}

type authExchangeModel struct {
	JwksURI    string   `tfsdk:"jwks_uri"`
	Issuer     string   `tfsdk:"issuer"`
	Audience   string   `tfsdk:"audience"`
	Algorithms []string `tfsdk:"algorithms"`
}

type provisioningModel struct {
	UnknownAttributes   string `tfsdk:"unknown_attributes"`
	UnknownMembers      string `tfsdk:"unknown_members"`
	ReplaceWithoutMatch string `tfsdk:"replace_without_match"`
}

type mcpSettingsModel struct {
	ApproveChanges string `tfsdk:"approve_changes"`
}

var organizationKind = &kind[organizationModel]{
	name: "organization", title: "organization", key: "id",
	description: "The settings of the organization of the token. It exists already: the creation of this resource applies the settings, and " +
		"its deletion leaves them as they are. Settings that are not listed here keep their values.",
	attributes: organizationAttributes,
	parts: func(m *organizationModel) parts {
		return parts{base: &m.base, entityTag: m.entityTag(), key: m.ID.ValueString(), label: m.Name}
	},
	content: contentOf(toOrganization),
	get: func(ctx context.Context, client *service.Client, _ string) (organizationModel, error) {
		return mapped(fromOrganization)(service.Read[api.Organization](client.GetOrganization(ctx, &api.GetOrganizationParams{})))
	},
	create: func(ctx context.Context, client *service.Client, planned organizationModel) (organizationModel, error) {
		// The creation applies the settings to whatever another client has written meanwhile, and keeps its other settings.
		for attempt := 1; ; attempt++ {
			stored, err := putOrganization(ctx, client, planned, nil)
			if attempt == maxVersions || !service.IsPreconditionFailed(err) {
				return stored, err
			}
		}
	},
	update: func(ctx context.Context, client *service.Client, planned, _ organizationModel, ifMatch *string) (organizationModel, error) {
		return putOrganization(ctx, client, planned, ifMatch)
	},
	remove: func(context.Context, *service.Client, organizationModel, *string) error { return nil },
	list: func(ctx context.Context, client *service.Client, _ listPage) ([]organizationModel, *string, error) {
		stored, err := mapped(fromOrganization)(service.Read[api.Organization](client.GetOrganization(ctx, &api.GetOrganizationParams{})))
		return []organizationModel{stored}, nil, err
	},
}

var organizationAttributes = map[string]schema.Attribute{
	"slug": schema.StringAttribute{
		Computed: true, MarkdownDescription: "The slug of the organization. It never changes.",
		PlanModifiers: []planmodifier.String{stringplanmodifier.UseStateForUnknown()},
	},
	"name": nameAttribute(),
	"token_policy": schema.SingleNestedAttribute{
		Optional: true, MarkdownDescription: "The limits of tokens, in addition to those of the installation. Without it, there are none.",
		Attributes: map[string]schema.Attribute{
			"max_ttl_days":     optionalDays("The longest lifetime of a token, in days."),
			"default_ttl_days": optionalDays("The lifetime of a token without a requested expiry, in days."),
			"allowed_types": schema.SetAttribute{
				Optional: true, ElementType: types.StringType, MarkdownDescription: "The types of tokens that can be created. Without it, all types.",
				Validators: []validator.Set{setvalidator.SizeAtLeast(1), setvalidator.ValueStringsAre(stringvalidator.OneOf("admin", "scim", "mcp", "agent"))},
			},
		},
	},
	"auth_exchange": schema.SingleNestedAttribute{
		Optional: true, MarkdownDescription: "How JWTs of an external identity provider are verified before they are exchanged for personal tokens.",
		Attributes: map[string]schema.Attribute{
			"jwks_uri": requiredURL("The URL of the identity provider's JSON Web Key Set."),
			"issuer":   schema.StringAttribute{Required: true, MarkdownDescription: "The required `iss` claim.", Validators: []validator.String{stringvalidator.UTF8LengthBetween(1, 2000)}},
			"audience": schema.StringAttribute{Required: true, MarkdownDescription: "The required `aud` claim.", Validators: []validator.String{stringvalidator.UTF8LengthBetween(1, 2000)}},
			"algorithms": schema.SetAttribute{
				Required: true, ElementType: types.StringType, MarkdownDescription: "The accepted signature algorithms, such as `[\"RS256\", \"ES256\"]`.",
				Validators: []validator.Set{setvalidator.SizeBetween(1, 10)},
			},
		},
	},
	"provisioning": schema.SingleNestedAttribute{
		Optional: true, MarkdownDescription: "How the SCIM API reads what an identity provider sends.",
		Attributes: map[string]schema.Attribute{
			"unknown_attributes":    enumWithDefault("Attributes that no schema defines: `ignore` (the default) or `reject`.", "ignore", "reject"),
			"unknown_members":       enumWithDefault("Members to add that do not exist: `reject` (the default) or `ignore`.", "reject", "ignore"),
			"replace_without_match": enumWithDefault("`replace` through a filter that matches no element: `reject` (the default) or `add`.", "reject", "add"),
		},
	},
	"mcp": schema.SingleNestedAttribute{
		Optional: true, MarkdownDescription: "How the catalog treats what MCP servers report about themselves.",
		Attributes: map[string]schema.Attribute{
			"approve_changes": enumWithDefault("Whether changes that a refresh finds wait for approval (`manual`, the default) or are applied (`automatic`).", "manual", "automatic"),
		},
	},
}

func optionalDays(description string) schema.Attribute {
	return schema.Int64Attribute{Optional: true, MarkdownDescription: description, Validators: []validator.Int64{int64validator.Between(1, 36_500)}}
}

// putOrganization writes the settings of the configuration, and repeats the others as the service has them. Without ifMatch,
// it does so only if the organization still has the version that it has read.
func putOrganization(ctx context.Context, client *service.Client, m organizationModel, ifMatch *string) (organizationModel, error) {
	content, err := toOrganization(m)
	if err != nil {
		return m, err
	}
	current, err := readRaw(client.GetOrganization(ctx, &api.GetOrganizationParams{}))
	if err != nil {
		return m, err
	}
	if ifMatch == nil {
		ifMatch = pointerTo(fmt.Sprintf(`"%v"`, current["version"]))
	}
	body, err := service.Overlay(current, content, "name", "tokenPolicy", "authExchange", "provisioning", "mcp")
	if err != nil {
		return m, err
	}
	params := &api.PutOrganizationParams{IfMatch: ifMatch}
	return mapped(fromOrganization)(service.Read[api.Organization](client.PutOrganizationWithBody(ctx, params, jsonContentType, body)))
}
