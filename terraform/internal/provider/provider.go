// Package provider is the Terraform provider of Gatehouse.
package provider

import (
	"context"
	"fmt"
	"os"
	"time"

	"github.com/hashicorp/terraform-plugin-framework-validators/int64validator"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/provider"
	"github.com/hashicorp/terraform-plugin-framework/provider/schema"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/gatehouse/terraform-provider-gatehouse/internal/service"
)

const (
	providerName          = "gatehouse"
	defaultRequestTimeout = 30 * time.Second
	defaultMaxRetries     = 6
)

// New returns a constructor of the provider.
func New(version string) func() provider.Provider {
	return func() provider.Provider { return &gatehouseProvider{version: version} }
}

type gatehouseProvider struct {
	version string
}

type providerModel struct {
	Endpoint          types.String `tfsdk:"endpoint"`
	Token             types.String `tfsdk:"token"`
	CACertificateFile types.String `tfsdk:"ca_certificate_file"`
	RequestTimeout    types.String `tfsdk:"request_timeout"`
	MaxRetries        types.Int64  `tfsdk:"max_retries"`
}

// Metadata names the provider.
func (p *gatehouseProvider) Metadata(_ context.Context, _ provider.MetadataRequest, resp *provider.MetadataResponse) {
	resp.TypeName, resp.Version = providerName, p.version
}

// Schema returns the settings.
func (p *gatehouseProvider) Schema(_ context.Context, _ provider.SchemaRequest, resp *provider.SchemaResponse) {
	resp.Schema = schema.Schema{
		MarkdownDescription: "Manages the catalog, the users and groups, the tokens and the settings of one organization of Gatehouse.",
		Attributes: map[string]schema.Attribute{
			"endpoint": schema.StringAttribute{
				Optional: true, MarkdownDescription: "The URL of the service, without `/api`. The default is the variable `GATEHOUSE_ENDPOINT`.",
			},
			"token": schema.StringAttribute{
				Optional: true, Sensitive: true,
				MarkdownDescription: "A token with the scope `admin:write`; tokens also need `admin:tokens`, so `all`. The default is the " +
					"variable `GATEHOUSE_TOKEN`, which keeps it out of the configuration.",
			},
			"ca_certificate_file": schema.StringAttribute{
				Optional: true, MarkdownDescription: "A PEM file with certificate authorities that are trusted besides those of the system. The default is the variable `GATEHOUSE_CA_CERTIFICATE_FILE`.",
			},
			"request_timeout": schema.StringAttribute{
				Optional: true, MarkdownDescription: "Time limit of one attempt of a request, such as `10s`. The default is 30 seconds.",
			},
			"max_retries": schema.Int64Attribute{
				Optional: true, MarkdownDescription: "How often a request is repeated that the service postpones (429, 503). The default is 6.",
				Validators: []validator.Int64{int64validator.Between(0, 100)},
			},
		},
	}
}

// Configure creates the client that all resources share.
func (p *gatehouseProvider) Configure(ctx context.Context, req provider.ConfigureRequest, resp *provider.ConfigureResponse) {
	var config providerModel
	if resp.Diagnostics.Append(req.Config.Get(ctx, &config)...); resp.Diagnostics.HasError() {
		return
	}
	options := service.Options{
		Endpoint:          setting(config.Endpoint, "endpoint", "GATEHOUSE_ENDPOINT", true, &resp.Diagnostics),
		Token:             setting(config.Token, "token", "GATEHOUSE_TOKEN", true, &resp.Diagnostics),
		CACertificateFile: setting(config.CACertificateFile, "ca_certificate_file", "GATEHOUSE_CA_CERTIFICATE_FILE", false, &resp.Diagnostics),
		UserAgent:         fmt.Sprintf("terraform-provider-gatehouse/%s (Terraform %s)", p.version, req.TerraformVersion),
		RequestTimeout:    defaultRequestTimeout,
		MaxRetries:        defaultMaxRetries,
	}
	if !config.MaxRetries.IsNull() {
		options.MaxRetries = int(config.MaxRetries.ValueInt64())
	}
	if text := config.RequestTimeout.ValueString(); text != "" {
		limit, err := time.ParseDuration(text)
		if err != nil || limit <= 0 {
			resp.Diagnostics.AddAttributeError(path.Root("request_timeout"), "request_timeout is not a duration", "Use a value such as 10s or 1m.")
		}
		options.RequestTimeout = limit
	}
	if resp.Diagnostics.HasError() {
		return
	}
	client, err := service.New(options)
	if err != nil {
		resp.Diagnostics.AddAttributeError(path.Root("endpoint"), "The client of the service cannot be created", sentence(err.Error()))
		return
	}
	if service.IsPlaintext(options.Endpoint) {
		resp.Diagnostics.AddAttributeWarning(path.Root("endpoint"), "The token is sent without encryption", "Use an https URL: others on the network can read the token.")
	}
	resp.ResourceData, resp.DataSourceData, resp.ListResourceData, resp.EphemeralResourceData = client, client, client, client
}

// setting returns a value of the configuration, or else of the environment.
func setting(value types.String, name, variable string, isRequired bool, diags *diag.Diagnostics) string {
	if value.IsUnknown() {
		diags.AddAttributeError(path.Root(name), name+" is not known yet",
			"It depends on a resource that does not exist yet. Apply that first with -target, or set "+variable+".")
		return ""
	}
	if text := value.ValueString(); text != "" {
		return text
	}
	text := os.Getenv(variable)
	if text == "" && isRequired {
		diags.AddAttributeError(path.Root(name), name+" is missing", "Set "+name+" in the provider block, or the variable "+variable+".")
	}
	return text
}
