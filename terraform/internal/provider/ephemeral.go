package provider

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework/ephemeral"

	"github.com/gatehouse/terraform-provider-gatehouse/internal/service"
)

// ephemeralResource is what all ephemeral resources share.
type ephemeralResource struct {
	// name is that of the type without the name of the provider.
	name   string
	client *service.Client
}

// Metadata names the type.
func (e *ephemeralResource) Metadata(_ context.Context, req ephemeral.MetadataRequest, resp *ephemeral.MetadataResponse) {
	resp.TypeName = req.ProviderTypeName + "_" + e.name
}

// Configure receives the client.
func (e *ephemeralResource) Configure(_ context.Context, req ephemeral.ConfigureRequest, _ *ephemeral.ConfigureResponse) {
	e.client, _ = req.ProviderData.(*service.Client)
}
