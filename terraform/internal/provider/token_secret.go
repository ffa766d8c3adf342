package provider

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework/ephemeral"
	"github.com/hashicorp/terraform-plugin-framework/ephemeral/schema"
	"github.com/hashicorp/terraform-plugin-framework/types"
)

// tokenSecret is the ephemeral resource gatehouse_token_secret.
type tokenSecret struct {
	ephemeralResource
}

type tokenSecretModel struct {
	TokenID types.String `tfsdk:"token_id"`
	Secret  types.String `tfsdk:"secret"`
}

func newTokenSecret() ephemeral.EphemeralResource {
	return &tokenSecret{ephemeralResource{name: "token_secret"}}
}

// Schema returns the attributes.
func (e *tokenSecret) Schema(_ context.Context, _ ephemeral.SchemaRequest, resp *ephemeral.SchemaResponse) {
	resp.Schema = schema.Schema{
		MarkdownDescription: "The secret of a token that the same apply creates or rotates. The service shows a secret once and stores only its " +
			"hash, so it is null in every other run. Pass it to a write-only argument, with the token's `rotation` as its version: the argument is " +
			"then written exactly when there is a new secret.",
		Attributes: map[string]schema.Attribute{
			"token_id": schema.StringAttribute{
				Required: true, MarkdownDescription: "The id of the token: the attribute `id` of a `gatehouse_token`, so that the secret is read after its creation.",
			},
			"secret": schema.StringAttribute{Computed: true, Sensitive: true, MarkdownDescription: "The secret, or null."},
		},
	}
}

// Open returns the secret if this process has received it.
func (e *tokenSecret) Open(ctx context.Context, req ephemeral.OpenRequest, resp *ephemeral.OpenResponse) {
	var model tokenSecretModel
	if resp.Diagnostics.Append(req.Config.Get(ctx, &model)...); resp.Diagnostics.HasError() {
		return
	}
	model.Secret = types.StringNull()
	if secret, ok := e.client.Secrets.Get(model.TokenID.ValueString()); ok {
		model.Secret = types.StringValue(secret)
	}
	resp.Diagnostics.Append(resp.Result.Set(ctx, &model)...)
}
