package provider

import (
	"context"
	"net/http"
	"strings"
	"time"

	"github.com/hashicorp/terraform-plugin-framework-validators/setvalidator"
	"github.com/hashicorp/terraform-plugin-framework-validators/stringvalidator"
	"github.com/hashicorp/terraform-plugin-framework/ephemeral"
	"github.com/hashicorp/terraform-plugin-framework/ephemeral/schema"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/gatehouse/terraform-provider-gatehouse/internal/api"
	"github.com/gatehouse/terraform-provider-gatehouse/internal/service"
)

// accessToken is the ephemeral resource gatehouse_access_token.
type accessToken struct {
	ephemeralResource
}

type accessTokenModel struct {
	Scopes    []string     `tfsdk:"scopes"`
	Token     types.String `tfsdk:"token"`
	ExpiresAt types.String `tfsdk:"expires_at"`
}

func newAccessToken() ephemeral.EphemeralResource {
	return &accessToken{ephemeralResource{name: "access_token"}}
}

// Schema returns the attributes.
func (e *accessToken) Schema(_ context.Context, _ ephemeral.SchemaRequest, resp *ephemeral.SchemaResponse) {
	resp.Schema = schema.Schema{
		MarkdownDescription: "A short-lived access token (OAuth 2.0 client credentials), issued for the token of the provider. Each plan and each " +
			"apply get a new one, which expires on its own. No state and no plan contains it.",
		Attributes: map[string]schema.Attribute{
			"scopes": schema.SetAttribute{
				Optional: true, ElementType: types.StringType, MarkdownDescription: "What the access token can do. The default is everything that the token of the provider can do.",
				Validators: []validator.Set{setvalidator.SizeAtLeast(1), setvalidator.ValueStringsAre(stringvalidator.OneOf(scopeNames...))},
			},
			"token":      schema.StringAttribute{Computed: true, Sensitive: true, MarkdownDescription: "The access token."},
			"expires_at": schema.StringAttribute{Computed: true, MarkdownDescription: "When it expires (RFC 3339)."},
		},
	}
}

// Open issues an access token. The token of the provider is the client; its id is the client id.
func (e *accessToken) Open(ctx context.Context, req ephemeral.OpenRequest, resp *ephemeral.OpenResponse) {
	var model accessTokenModel
	if resp.Diagnostics.Append(req.Config.Get(ctx, &model)...); resp.Diagnostics.HasError() {
		return
	}
	caller, err := service.Read[api.Caller](e.client.Whoami(ctx))
	if err != nil {
		resp.Diagnostics.AddError("The token of the provider cannot be read", describe(err))
		return
	}
	if caller.Token == nil {
		resp.Diagnostics.AddError("No access token can be issued", "The credential of the provider is not a token with an id. Create a token and set it as token of the provider.")
		return
	}
	body := api.IssueAccessTokenFormdataRequestBody{GrantType: "client_credentials"}
	if model.Scopes != nil {
		body.Scope = pointerTo(strings.Join(*asSet(model.Scopes), " "))
	}
	withClient := func(_ context.Context, request *http.Request) error {
		request.SetBasicAuth(caller.Token.Id, e.client.Token)
		return nil
	}
	issued, err := service.Read[api.AccessToken](e.client.IssueAccessTokenWithFormdataBody(ctx, body, withClient))
	if err != nil {
		resp.Diagnostics.AddError("No access token can be issued", describe(err))
		return
	}
	model.Token = types.StringValue(issued.AccessToken)
	model.ExpiresAt = toTime(time.Now().Add(time.Duration(issued.ExpiresIn) * time.Second))
	resp.Diagnostics.Append(resp.Result.Set(ctx, &model)...)
}
