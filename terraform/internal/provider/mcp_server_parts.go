package provider

import (
	"fmt"

	"github.com/hashicorp/terraform-plugin-framework-jsontypes/jsontypes"
	"github.com/hashicorp/terraform-plugin-framework-validators/objectvalidator"
	"github.com/hashicorp/terraform-plugin-framework-validators/setvalidator"
	"github.com/hashicorp/terraform-plugin-framework-validators/stringvalidator"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/stringdefault"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/gatehouse/terraform-provider-gatehouse/internal/api"
)

type toolModel struct {
	Title        *string              `tfsdk:"title"`
	Description  *string              `tfsdk:"description"`
	InputSchema  jsontypes.Normalized `tfsdk:"input_schema"`
	OutputSchema jsontypes.Normalized `tfsdk:"output_schema"`
	Risk         types.String         `tfsdk:"risk"`
	Enabled      bool                 `tfsdk:"enabled"`
	Annotations  *annotationsModel    `tfsdk:"annotations"`
}

type annotationsModel struct {
	DestructiveHint *bool   `tfsdk:"destructive_hint"`
	IdempotentHint  *bool   `tfsdk:"idempotent_hint"`
	OpenWorldHint   *bool   `tfsdk:"open_world_hint"`
	ReadOnlyHint    *bool   `tfsdk:"read_only_hint"`
	Title           *string `tfsdk:"title"`
}

func toTools(models map[string]toolModel) ([]api.ToolInput, error) {
	tools := make([]api.ToolInput, 0, len(models))
	for _, name := range sortedKeys(models) {
		m := models[name]
		input, err := toJSONObject(m.InputSchema)
		if err != nil {
			return nil, fmt.Errorf("input_schema of the tool %q %w", name, err)
		}
		output, err := toJSONObject(m.OutputSchema)
		if err != nil {
			return nil, fmt.Errorf("output_schema of the tool %q %w", name, err)
		}
		tool := api.ToolInput{
			Name: name, Title: m.Title, Description: m.Description, InputSchema: input, OutputSchema: output,
			Risk: enum[api.ToolInputRisk](m.Risk.ValueStringPointer()), Enabled: &m.Enabled,
		}
		if m.Risk.IsUnknown() {
			tool.Risk = nil
		}
		if m.Annotations != nil {
			tool.Annotations = pointerTo(api.ToolAnnotationsInput(*m.Annotations))
		}
		tools = append(tools, tool)
	}
	return tools, nil
}

func fromTools(tools []api.Tool) map[string]toolModel {
	models := make(map[string]toolModel, len(tools))
	for _, tool := range tools {
		m := toolModel{
			Title: tool.Title, Description: tool.Description, InputSchema: fromJSONObject(tool.InputSchema),
			OutputSchema: fromJSONObject(tool.OutputSchema), Risk: types.StringValue(string(tool.Risk)), Enabled: tool.Enabled,
		}
		if tool.Annotations != nil {
			m.Annotations = pointerTo(annotationsModel(*tool.Annotations))
		}
		models[tool.Name] = m
	}
	return models
}

// serverAuthModel has one of its fields. Without any, the server needs no credential.
type serverAuthModel struct {
	APIKey *apiKeyModel `tfsdk:"api_key"`
	OAuth2 *oauth2Model `tfsdk:"oauth2"`
}

type apiKeyModel struct {
	Header string `tfsdk:"header"`
}

type oauth2Model struct {
	AuthorizationURL     string   `tfsdk:"authorization_url"`
	TokenURL             string   `tfsdk:"token_url"`
	RevocationURL        *string  `tfsdk:"revocation_url"`
	Issuer               *string  `tfsdk:"issuer"`
	Resource             *string  `tfsdk:"resource"`
	ClientID             string   `tfsdk:"client_id"`
	ClientAuthentication *string  `tfsdk:"client_authentication"`
	RedirectURI          *string  `tfsdk:"redirect_uri"`
	Scopes               []string `tfsdk:"scopes"`
}

var serverAuthAttribute = schema.SingleNestedAttribute{
	Optional: true, MarkdownDescription: "How users authenticate to the server: `api_key` or `oauth2`. Without it, the server needs no credential. " +
		"Credentials and client secrets are stored through the API or the console, not here, so that no state contains them.",
	Attributes: map[string]schema.Attribute{
		"api_key": schema.SingleNestedAttribute{
			Optional: true, MarkdownDescription: "Each user, or the organization, has a key for the server.",
			Attributes: map[string]schema.Attribute{"header": schema.StringAttribute{
				Optional: true, Computed: true, Default: stringdefault.StaticString("Authorization"),
				MarkdownDescription: "The header that contains the key. The default is `Authorization`.",
			}},
			Validators: []validator.Object{objectvalidator.ExactlyOneOf(path.MatchRelative().AtParent().AtName("oauth2"))},
		},
		"oauth2": schema.SingleNestedAttribute{
			Optional: true, MarkdownDescription: "Users authorize connections to the server with OAuth 2.0.",
			Attributes: map[string]schema.Attribute{
				"authorization_url":     requiredURL("The authorization endpoint."),
				"token_url":             requiredURL("The token endpoint."),
				"revocation_url":        optionalString("The revocation endpoint (RFC 7009), at the origin of `token_url`.", isHTTPURL),
				"issuer":                optionalString("The issuer that authorization responses must contain (RFC 9207).", isHTTPURL),
				"resource":              optionalString("The `resource` parameter of requests to the authorization server (RFC 8707).", isHTTPURL),
				"client_id":             schema.StringAttribute{Required: true, MarkdownDescription: "The id of this service at the authorization server."},
				"client_authentication": optionalString("How the client secret is sent: `basic` (the default) or `post`.", stringvalidator.OneOf("basic", "post")),
				"redirect_uri":          optionalString("The redirect URI of a client that receives the authorization response itself.", isHTTPURL),
				"scopes":                stringSet("The scopes to request.", setvalidator.SizeAtMost(100)),
			},
		},
	},
}

func requiredURL(description string) schema.Attribute {
	return schema.StringAttribute{Required: true, MarkdownDescription: description, Validators: []validator.String{isHTTPURL}}
}

func toServerAuth(m *serverAuthModel) (*api.ServerAuthInput, error) {
	var auth api.ServerAuthInput
	switch {
	case m == nil:
		return &auth, auth.FromNoServerAuthInput(api.NoServerAuthInput{})
	case m.APIKey != nil:
		return &auth, auth.FromApiKeyServerAuthInput(api.ApiKeyServerAuthInput{Header: &m.APIKey.Header})
	default:
		o := m.OAuth2
		return &auth, auth.FromOAuth2ServerAuthInput(api.OAuth2ServerAuthInput{
			AuthorizationUrl: o.AuthorizationURL, TokenUrl: o.TokenURL, RevocationUrl: o.RevocationURL,
			Issuer: o.Issuer, Resource: o.Resource, ClientId: o.ClientID, RedirectUri: o.RedirectURI, Scopes: asSet(o.Scopes),
			ClientAuthentication: enum[api.OAuth2ServerAuthInputClientAuthentication](o.ClientAuthentication),
		})
	}
}

func fromServerAuth(auth api.ServerAuth) (*serverAuthModel, error) {
	variant, err := auth.ValueByDiscriminator()
	if err != nil {
		return nil, fmt.Errorf("this version of the provider does not support the auth of the server: %w", err)
	}
	switch v := variant.(type) {
	case api.ApiKeyServerAuth:
		return &serverAuthModel{APIKey: &apiKeyModel{Header: v.Header}}, nil
	case api.OAuth2ServerAuth:
		return &serverAuthModel{OAuth2: &oauth2Model{
			AuthorizationURL: v.AuthorizationUrl, TokenURL: v.TokenUrl, RevocationURL: v.RevocationUrl, Issuer: v.Issuer,
			Resource: v.Resource, ClientID: v.ClientId, RedirectURI: v.RedirectUri, Scopes: enums[string](v.Scopes),
			ClientAuthentication: enum[string](v.ClientAuthentication),
		}}, nil
	default: // none
		return nil, nil
	}
}
