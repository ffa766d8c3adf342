package provider

import (
	"encoding/json"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// installed is the built provider, as a user runs it with Terraform.
type installed struct {
	program, directory string
	variables          []string
}

func installProvider(t *testing.T) installed {
	t.Helper()
	return installProviderFor(t, startedService(t))
}

func installProviderFor(t *testing.T, target *testService) installed {
	t.Helper()
	program, directory := requireTerraform(t), t.TempDir()
	build := exec.Command("go", "build", "-o", filepath.Join(directory, "bin", "terraform-provider-gatehouse"), "../..")
	if output, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, output)
	}
	settings := filepath.Join(directory, "terraform.rc")
	overrides := fmt.Sprintf("provider_installation {\n  dev_overrides { \"gatehouse/gatehouse\" = %q }\n}\n", filepath.Join(directory, "bin"))
	if err := os.WriteFile(settings, []byte(overrides), 0o600); err != nil {
		t.Fatal(err)
	}
	return installed{program: program, directory: filepath.Join(directory, "work"), variables: append(os.Environ(),
		"TF_CLI_CONFIG_FILE="+settings, "GATEHOUSE_ENDPOINT="+target.endpoint, "GATEHOUSE_TOKEN="+target.token, "TF_IN_AUTOMATION=1")}
}

func (i installed) write(t *testing.T, config string) {
	t.Helper()
	if err := os.MkdirAll(i.directory, 0o700); err != nil {
		t.Fatal(err)
	}
	header := "terraform {\n  required_providers {\n    gatehouse = { source = \"gatehouse/gatehouse\" }\n  }\n}\n"
	if err := os.WriteFile(filepath.Join(i.directory, "main.tf"), []byte(header+config), 0o600); err != nil {
		t.Fatal(err)
	}
}

func (i installed) run(t *testing.T, arguments ...string) string {
	t.Helper()
	command := exec.Command(i.program, append(arguments, "-no-color")...)
	command.Dir, command.Env = i.directory, i.variables
	var warnings strings.Builder
	command.Stderr = &warnings
	output, err := command.Output()
	if err != nil {
		t.Fatalf("terraform %s: %v\n%s%s", strings.Join(arguments, " "), err, output, warnings.String())
	}
	return string(output)
}

// plannedChanges returns the action of each resource that a plan would change.
func (i installed) plannedChanges(t *testing.T) map[string]string {
	t.Helper()
	i.run(t, "plan", "-out=plan")
	var plan struct {
		Changes []struct {
			Address string `json:"address"`
			Change  struct {
				Actions []string `json:"actions"`
			} `json:"change"`
		} `json:"resource_changes"`
	}
	if err := json.Unmarshal([]byte(i.run(t, "show", "-json", "plan")), &plan); err != nil {
		t.Fatal(err)
	}
	changes := map[string]string{}
	for _, each := range plan.Changes {
		if action := strings.Join(each.Change.Actions, ","); action != "no-op" && action != "read" {
			changes[each.Address] = action
		}
	}
	return changes
}

// expectNoSecret reads every file of the directory, with the states and their backups.
func (i installed) expectNoSecret(t *testing.T) {
	t.Helper()
	err := filepath.WalkDir(i.directory, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		content, err := os.ReadFile(path)
		if secretPattern.Match(content) {
			t.Errorf("%s contains a secret", path)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestCommandLine(t *testing.T) {
	t.Run("no file and no output of Terraform contains the secret of a token, also after a rotation", func(t *testing.T) {
		program := installProvider(t)
		for rotation := 1; rotation <= 2; rotation++ {
			program.write(t, fmt.Sprintf(`
resource "gatehouse_token" "t" {
  name     = "files"
  scopes   = ["admin:read"]
  rotation = %d
}
ephemeral "gatehouse_token_secret" "t" {
  token_id = gatehouse_token.t.id
}
ephemeral "gatehouse_access_token" "t" {
  scopes = ["admin:read"]
}
`, rotation))
			output := program.run(t, "plan", "-out=plan") + program.run(t, "show", "-json", "plan") + program.run(t, "apply", "plan") +
				program.run(t, "show", "-json")
			if secret := secretPattern.FindString(output); secret != "" {
				t.Error("the output contains a secret")
			}
			program.expectNoSecret(t)
		}
		if state, err := os.ReadFile(filepath.Join(program.directory, "terraform.tfstate")); err != nil || !strings.Contains(string(state), "gatehouse_token") {
			t.Fatalf("the state has no token (%v)", err)
		}
		program.run(t, "destroy", "-auto-approve")
	})
}

func TestExamples(t *testing.T) {
	t.Run("the example of every resource can be applied", func(t *testing.T) {
		files, err := filepath.Glob("../../examples/resources/*/resource.tf")
		if err != nil || len(files) != 12 {
			t.Fatalf("there are %d examples, not 12 (%v)", len(files), err)
		}
		program := installProvider(t)
		resetOrganization(t)
		var all strings.Builder
		for _, file := range append(files, "../../examples/functions/tool/function.tf", "../../examples/ephemeral-resources/gatehouse_access_token/ephemeral-resource.tf") {
			content, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			all.Write(content)
		}
		program.write(t, all.String())
		program.run(t, "apply", "-auto-approve")
		if plan := program.run(t, "plan", "-detailed-exitcode"); !strings.Contains(plan, "No changes") {
			t.Errorf("the second plan is not empty: %s", plan)
		}
		program.run(t, "destroy", "-auto-approve")
	})
	t.Run("the example of every data source finds what the examples of resources create", func(t *testing.T) {
		program := installProvider(t)
		var all strings.Builder
		for _, pattern := range []string{"../../examples/resources/*/resource.tf", "../../examples/data-sources/*/data-source.tf"} {
			files, err := filepath.Glob(pattern)
			if err != nil {
				t.Fatal(err)
			}
			for index, file := range files {
				content, err := os.ReadFile(file)
				if err != nil {
					t.Fatal(err)
				}
				text := string(content)
				if strings.Contains(file, "gatehouse_organization/resource") {
					continue
				}
				if strings.HasPrefix(text, "data") && strings.Contains(text, "group_members") {
					text = strings.ReplaceAll(text, `"platform"`, fmt.Sprintf(`"platform%d"`, index))
					text = strings.ReplaceAll(text, "gatehouse_group.platform", fmt.Sprintf("gatehouse_group.platform%d", index))
				}
				all.WriteString(text)
			}
		}
		resources := all.String()[:strings.Index(all.String(), "data \"gatehouse_")]
		program.write(t, resources)
		program.run(t, "apply", "-auto-approve")
		program.write(t, all.String())
		if plan := program.run(t, "plan"); !strings.Contains(plan, "No changes") {
			t.Errorf("the plan is not empty: %s", plan)
		}
		program.write(t, resources)
		program.run(t, "destroy", "-auto-approve")
	})
}

// resetOrganization restores the settings of the organization after a test: all tests share it.
func resetOrganization(t *testing.T) {
	t.Helper()
	target := startedService(t)
	t.Cleanup(func() { target.request(t, "PUT", "/api/organization", `{"name":"Default"}`) })
}
