package provider

import (
	"cmp"
	"os"
	"os/exec"
	"testing"

	"github.com/hashicorp/terraform-plugin-framework/providerserver"
	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-testing/echoprovider"
	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
)

var testProviders = map[string]func() (tfprotov6.ProviderServer, error){
	providerName: providerserver.NewProtocol6WithError(New("test")()),
	// Returns ephemeral values through a state that only tests have, so that they can be checked.
	"echo": echoprovider.NewProviderServer(),
}

// acceptance runs steps with Terraform against the service.
func acceptance(t *testing.T, steps ...resource.TestStep) {
	t.Helper()
	requireTerraform(t)
	target := startedService(t)
	t.Setenv("GATEHOUSE_ENDPOINT", target.endpoint)
	t.Setenv("GATEHOUSE_TOKEN", target.token)
	resource.Test(t, resource.TestCase{ProtoV6ProviderFactories: testProviders, Steps: steps})
}

// requireTerraform returns the terraform on the PATH, or the program that GATEHOUSE_TEST_TERRAFORM names. It skips a test where
// there is none: no registry of packages has it.
func requireTerraform(t *testing.T) string {
	t.Helper()
	program, err := exec.LookPath(cmp.Or(os.Getenv("GATEHOUSE_TEST_TERRAFORM"), "terraform"))
	if err != nil {
		t.Skip("skipped: terraform is not on the PATH")
	}
	t.Setenv("TF_ACC", "1")
	t.Setenv("TF_ACC_TERRAFORM_PATH", program)
	t.Setenv("CHECKPOINT_DISABLE", "1")
	return program
}
