package provider

import (
	"context"
	"testing"

	"github.com/hashicorp/terraform-plugin-framework/providerserver"
	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
)

// protocolServer is the provider without Terraform: its requests are those of the plugin protocol.
func protocolServer(t *testing.T) tfprotov6.ProviderServer {
	t.Helper()
	return providerserver.NewProtocol6(New("test")())()
}

func failOnErrors(t *testing.T, diagnostics []*tfprotov6.Diagnostic) {
	t.Helper()
	for _, each := range diagnostics {
		if each.Severity == tfprotov6.DiagnosticSeverityError {
			t.Fatalf("%s: %s", each.Summary, each.Detail)
		}
	}
}

func TestSchemas(t *testing.T) {
	t.Run("the schema of every type is valid", func(t *testing.T) {
		response, err := protocolServer(t).GetProviderSchema(context.Background(), &tfprotov6.GetProviderSchemaRequest{})
		if err != nil {
			t.Fatal(err)
		}
		failOnErrors(t, response.Diagnostics)
		if len(response.ResourceSchemas) != 12 {
			t.Errorf("there are %d resources, not 12", len(response.ResourceSchemas))
		}
	})
	t.Run("every resource has an identity", func(t *testing.T) {
		server := protocolServer(t)
		response, err := server.GetResourceIdentitySchemas(context.Background(), &tfprotov6.GetResourceIdentitySchemasRequest{})
		if err != nil {
			t.Fatal(err)
		}
		failOnErrors(t, response.Diagnostics)
		if len(response.IdentitySchemas) != 12 {
			t.Errorf("there are %d identities, not 12", len(response.IdentitySchemas))
		}
	})
}
