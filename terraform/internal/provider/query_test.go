package provider

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// queryableKinds are the types that have lists, except the token: `terraform query` shows the one of the provider too, which is
// best not managed by the configuration that it applies.
var queryableKinds = []string{
	"mcp_server", "toolkit", "skill", "command", "policy", "group", "user", "scim_extension", "organization",
}

func TestQuery(t *testing.T) {
	t.Run("the configuration that terraform query writes imports the existing catalog without a change", func(t *testing.T) {
		requireQuery(t)
		target, err := startService()
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(target.stop)
		createOneOfEach(t, target)
		createAtLimits(t, target)
		program := installProviderFor(t, target)
		program.write(t, "")
		var lists strings.Builder
		for _, name := range queryableKinds {
			fmt.Fprintf(&lists, "list \"gatehouse_%s\" \"all\" {\n  provider = gatehouse\n}\n", name)
		}
		if err := os.WriteFile(filepath.Join(program.directory, "all.tfquery.hcl"), []byte(lists.String()), 0o600); err != nil {
			t.Fatal(err)
		}
		program.run(t, "query", "-generate-config-out=generated.tf")
		generated, err := os.ReadFile(filepath.Join(program.directory, "generated.tf"))
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range queryableKinds {
			if !strings.Contains(string(generated), fmt.Sprintf("resource \"gatehouse_%s\"", name)) {
				t.Errorf("the configuration has no %s", name)
			}
		}
		if changes := program.plannedChanges(t); len(changes) > 0 {
			t.Errorf("the import changes resources: %v\n%s", changes, generated)
		}
		program.run(t, "apply", "-auto-approve")
		if plan := program.run(t, "plan", "-detailed-exitcode"); !strings.Contains(plan, "No changes") {
			t.Errorf("the plan after the import is not empty: %s", plan)
		}
		program.expectNoSecret(t)
	})
	t.Run("the example of a list with labels shows the resources that have them", func(t *testing.T) {
		requireQuery(t)
		target, err := startService()
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(target.stop)
		target.request(t, "PUT", "/api/mcp-servers/labeled", `{"name":"Labeled","transport":"stdio","command":"a","labels":{"team":"payments"}}`)
		target.request(t, "PUT", "/api/mcp-servers/other", `{"name":"Other","transport":"stdio","command":"a","labels":{"team":"search"}}`)
		program := installProviderFor(t, target)
		program.write(t, "")
		example, err := os.ReadFile("../../examples/query/labels.tfquery.hcl")
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(program.directory, "labels.tfquery.hcl"), example, 0o600); err != nil {
			t.Fatal(err)
		}
		if output := program.run(t, "query"); !strings.Contains(output, "Labeled") || strings.Contains(output, "Other") {
			t.Errorf("the query shows %s", output)
		}
	})
}

// requireQuery skips a test of `terraform query`, which Terraform has since 1.14 and OpenTofu has not.
func requireQuery(t *testing.T) {
	t.Helper()
	help, _ := exec.Command(requireTerraform(t), "-help").CombinedOutput()
	if !strings.Contains(string(help), "\n  query ") {
		t.Skip("skipped: terraform has no query command; it needs Terraform 1.14, which other-versions.sh builds")
	}
}
