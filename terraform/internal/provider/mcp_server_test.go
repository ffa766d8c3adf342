package provider

import (
	"fmt"
	"regexp"
	"testing"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/plancheck"
)

const fullServer = `
resource "gatehouse_mcp_server" "t" {
  slug = "srv-full"
  name = "%s"
  status = "active"
  environment = "production"
  transport = "http"
  url = "https://mcp.example.com/x"
  timeout_seconds = 20
  auth = { oauth2 = {
    authorization_url = "https://as.example.com/authorize"
    token_url = "https://as.example.com/token"
    client_id = "gatehouse"
    scopes = ["write", "read"]
  } }
  tools = {
    search = {
      annotations = { read_only_hint = true }
      input_schema = jsonencode({ type = "object", properties = { n = { type = "integer", maximum = 9007199254740991 } } })
    }
    drop = { risk = "destructive", enabled = false }
    plain = {}
  }
  assignment = { everyone = true }
}`

func TestMcpServer(t *testing.T) {
	t.Run("every attribute is created, and the second plan is empty", func(t *testing.T) {
		acceptance(t,
			resource.TestStep{
				Config: fmt.Sprintf(fullServer, "First"),
				Check: resource.ComposeAggregateTestCheckFunc(
					resource.TestCheckResourceAttr("gatehouse_mcp_server.t", "tools.search.risk", "read"),
					resource.TestCheckResourceAttr("gatehouse_mcp_server.t", "tools.plain.risk", "write"),
					resource.TestCheckResourceAttr("gatehouse_mcp_server.t", "assignment.everyone", "true"),
				),
			},
			resource.TestStep{
				Config:           fmt.Sprintf(fullServer, "First"),
				ConfigPlanChecks: resource.ConfigPlanChecks{PreApply: []plancheck.PlanCheck{plancheck.ExpectEmptyPlan()}},
			},
			resource.TestStep{
				Config: fmt.Sprintf(fullServer, "Second"),
				Check:  resource.TestCheckResourceAttr("gatehouse_mcp_server.t", "version", "2"),
			},
			resource.TestStep{ResourceName: "gatehouse_mcp_server.t", ImportState: true, ImportStateId: "srv-full", ImportStateVerify: true},
		)
	})
	t.Run("an error of the service is shown at its attribute and line", func(t *testing.T) {
		acceptance(t, resource.TestStep{
			Config: `
resource "gatehouse_mcp_server" "t" {
  slug = "srv-bad"
  name = "Bad"
  transport = "http"
  url = "https://mcp.example.com/x"
  tools = {
    a = {}
    b = {
      input_schema = jsonencode({ type = "string" })
    }
  }
}`,
			ExpectError: regexp.MustCompile(`(?s)on terraform_plugin_test.tf line \d+.*: +tools = \{.*tools\["b"\]\.input_schema`),
		})
	})
}
