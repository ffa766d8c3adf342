package provider

import (
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/plancheck"
)

// everyKind has one resource of each kind with most of its attributes, and PREFIX in its names.
const everyKind = `
resource "gatehouse_mcp_server" "t" {
  slug      = "PREFIX-server"
  name      = "Server"
  status    = "active"
  transport = "stdio"
  command   = "npx"
  args      = ["-y", "server"]
  auth      = { api_key = {} }
  labels    = { team = "payments", "example.com/tier" = "1" }
  tools     = { read = { annotations = { read_only_hint = true } }, write = {} }
}
resource "gatehouse_skill" "t" {
  slug    = "PREFIX-skill"
  name    = "Skill"
  content = "# Skill\n"
  files   = { "b.md" = "B", "a/a.md" = "A" }
}
resource "gatehouse_command" "t" {
  slug      = "PREFIX-command"
  name      = "Command"
  template  = "Summarize {{topic}} in {{language}}"
  arguments = [{ name = "topic", required = true }, { name = "language", description = "English or German" }]
}
resource "gatehouse_user" "t" {
  user_name  = "PREFIX@example.com"
  name       = { given_name = "Grace", family_name = "Hopper" }
  emails     = [{ value = "PREFIX@example.com", type = "work", primary = true }, { value = "a.PREFIX@example.com", type = "home" }]
  enterprise = { department = "Engineering", employee_number = "7" }
  extensions = { (gatehouse_scim_extension.t.urn) = jsonencode({ badge = "B-1", level = 3 }) }
}
resource "gatehouse_group" "t" {
  display_name = "PREFIX group"
}
resource "gatehouse_group" "nested" {
  display_name = "PREFIX nested"
}
resource "gatehouse_group_members" "t" {
  group_id = gatehouse_group.t.id
  members  = [gatehouse_user.t.id, gatehouse_group.nested.id]
}
resource "gatehouse_group_member" "t" {
  group_id  = gatehouse_group.nested.id
  member_id = gatehouse_user.t.id
}
resource "gatehouse_toolkit" "t" {
  slug       = "PREFIX-toolkit"
  name       = "Toolkit"
  entries    = { (gatehouse_mcp_server.t.slug) = { tools = ["write", "read"] } }
  skills     = [gatehouse_skill.t.slug]
  commands   = [gatehouse_command.t.slug]
  assignment = { groups = [gatehouse_group.t.id, gatehouse_group.nested.id], users = [gatehouse_user.t.id] }
}
resource "gatehouse_policy" "t" {
  slug      = "PREFIX-policy"
  name      = "Policy"
  effect    = "deny"
  subjects  = { everyone = true }
  resources = { mcp_servers = [gatehouse_mcp_server.t.slug], tools = [TOOL] }
}
resource "gatehouse_token" "t" {
  name        = "PREFIX token"
  type        = "mcp"
  user_id     = gatehouse_user.t.id
  mcp_servers = [gatehouse_mcp_server.t.slug]
  allowed_ips = ["10.0.0.0/8", "192.0.2.1"]
  labels      = { team = "payments" }
  expires_at  = "2040-01-01T00:00:00Z"
  max_risk    = "read"
}
resource "gatehouse_scim_extension" "t" {
  urn           = "urn:example:PREFIX:2.0:User"
  resource_type = "User"
  attributes = {
    badge   = { required = false, indexed = true }
    level   = { type = "integer" }
    address = { type = "complex", multi_valued = true, sub_attributes = { city = {}, zip = { case_exact = true } } }
  }
  force_destroy = true
}
`

func everyKindWith(prefix string) string {
	return strings.NewReplacer("PREFIX", prefix, "TOOL", `"PREFIX-server__write"`).Replace(strings.ReplaceAll(everyKind, "TOOL", `"`+prefix+`-server__write"`))
}

func importStep(name, id string, ignored ...string) resource.TestStep {
	return resource.TestStep{ResourceName: name, ImportState: true, ImportStateId: id, ImportStateVerify: true, ImportStateVerifyIgnore: ignored}
}

func TestEveryKind(t *testing.T) {
	t.Run("a configuration is applied once: the second plan is empty, an import has the same content, and a deletion leaves nothing", func(t *testing.T) {
		acceptance(t,
			resource.TestStep{Config: everyKindWith("every")},
			resource.TestStep{
				Config:           everyKindWith("every"),
				ConfigPlanChecks: resource.ConfigPlanChecks{PreApply: []plancheck.PlanCheck{plancheck.ExpectEmptyPlan()}},
			},
			importStep("gatehouse_toolkit.t", "every-toolkit"),
			importStep("gatehouse_skill.t", "every-skill"),
			importStep("gatehouse_command.t", "every-command"),
			importStep("gatehouse_policy.t", "every-policy"),
			importStep("gatehouse_user.t", "every@example.com"),
			importStep("gatehouse_group.t", "every group"),
			importStep("gatehouse_group_members.t", "every group"),
			importStep("gatehouse_scim_extension.t", "urn:example:every:2.0:User", "force_destroy"),
			resource.TestStep{ResourceName: "gatehouse_token.t", ImportState: true, ImportStateVerify: true, ImportStateVerifyIgnore: []string{"expires_at"}},
			resource.TestStep{ResourceName: "gatehouse_group_member.t", ImportState: true, ImportStateVerify: true},
			resource.TestStep{ResourceName: "gatehouse_mcp_server.t", ImportState: true, ImportStateVerify: true},
		)
	})
}
