package provider

import (
	"fmt"
	"regexp"
	"testing"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/knownvalue"
	"github.com/hashicorp/terraform-plugin-testing/plancheck"
	"github.com/hashicorp/terraform-plugin-testing/statecheck"
	"github.com/hashicorp/terraform-plugin-testing/terraform"
	"github.com/hashicorp/terraform-plugin-testing/tfjsonpath"
)

const tokenWithSecret = `
resource "gatehouse_token" "t" {
  name     = "delivered"
  scopes   = ["admin:read"]
  rotation = %d
}
ephemeral "gatehouse_token_secret" "t" {
  token_id = gatehouse_token.t.id
}
provider "echo" {
  data = ephemeral.gatehouse_token_secret.t.secret
}
resource "echo" "t" {}
`

const plainToken = `
resource "gatehouse_token" "t" {
  name   = "%s"
  type   = "admin"
  scopes = [%s]
  %s
}`

func TestToken(t *testing.T) {
	t.Run("the secret reaches an ephemeral value in the apply that creates it, and no state", func(t *testing.T) {
		acceptance(t, resource.TestStep{
			Config: fmt.Sprintf(tokenWithSecret, 1),
			ConfigStateChecks: []statecheck.StateCheck{
				statecheck.ExpectKnownValue("echo.t", tfjsonpath.New("data"), knownvalue.StringRegexp(secretPattern)),
			},
			Check: func(state *terraform.State) error {
				for name, value := range state.RootModule().Resources["gatehouse_token.t"].Primary.Attributes {
					if secretPattern.MatchString(value) {
						return fmt.Errorf("%s contains a secret", name)
					}
				}
				return nil
			},
		})
	})
	t.Run("a rotation keeps the id and accepts changes beside it", func(t *testing.T) {
		sameID := statecheck.CompareValue(sameValue{})
		acceptance(t,
			resource.TestStep{
				Config:            fmt.Sprintf(plainToken, "rotated", `"admin:read"`, ""),
				ConfigStateChecks: []statecheck.StateCheck{sameID.AddStateValue("gatehouse_token.t", tfjsonpath.New("id"))},
			},
			resource.TestStep{
				Config:            fmt.Sprintf(plainToken, "renamed", `"admin:read"`, "rotation = 2\nrotation_grace_seconds = 60"),
				ConfigStateChecks: []statecheck.StateCheck{sameID.AddStateValue("gatehouse_token.t", tfjsonpath.New("id"))},
			},
			resource.TestStep{
				Config:           fmt.Sprintf(plainToken, "renamed", `"admin:read"`, "rotation = 2\nrotation_grace_seconds = 60"),
				ConfigPlanChecks: resource.ConfigPlanChecks{PreApply: []plancheck.PlanCheck{plancheck.ExpectEmptyPlan()}},
			},
		)
	})
	t.Run("a rotation is not lost when only the version has changed since the plan", func(t *testing.T) {
		target := startedService(t)
		var id string
		masked := statecheck.CompareValue(differentValues{})
		acceptance(t,
			resource.TestStep{
				Config: fmt.Sprintf(plainToken, "touched", `"admin:read"`, ""),
				Check: func(state *terraform.State) error {
					id = state.RootModule().Resources["gatehouse_token.t"].Primary.ID
					return nil
				},
				ConfigStateChecks: []statecheck.StateCheck{masked.AddStateValue("gatehouse_token.t", tfjsonpath.New("masked"))},
			},
			resource.TestStep{
				Config: fmt.Sprintf(plainToken, "touched", `"admin:read"`, "rotation = 2"),
				ConfigPlanChecks: resource.ConfigPlanChecks{PreApply: []plancheck.PlanCheck{changeBeforeApply(func() {
					target.request(t, "PATCH", "/api/tokens/"+id, `{"enabled":false}`)
					target.request(t, "PATCH", "/api/tokens/"+id, `{"enabled":true}`)
				})}},
				ConfigStateChecks: []statecheck.StateCheck{masked.AddStateValue("gatehouse_token.t", tfjsonpath.New("masked"))},
			},
		)
	})
	t.Run("a scope is removed in place, and a new one replaces the token", func(t *testing.T) {
		action := func(action plancheck.ResourceActionType) resource.ConfigPlanChecks {
			return resource.ConfigPlanChecks{PreApply: []plancheck.PlanCheck{plancheck.ExpectResourceAction("gatehouse_token.t", action)}}
		}
		acceptance(t,
			resource.TestStep{Config: fmt.Sprintf(plainToken, "scoped", `"admin:read", "admin:scim"`, "expires_in_days = 30\nlabels = { a = \"1\", b = \"2\" }")},
			resource.TestStep{Config: fmt.Sprintf(plainToken, "scoped", `"admin:read"`, "expires_in_days = 30\nlabels = { b = \"3\" }"), ConfigPlanChecks: action(plancheck.ResourceActionUpdate)},
			resource.TestStep{Config: fmt.Sprintf(plainToken, "scoped", `"admin:read"`, "expires_in_days = 60\nenabled = false"), ConfigPlanChecks: action(plancheck.ResourceActionUpdate)},
			resource.TestStep{Config: fmt.Sprintf(plainToken, "scoped", `"admin:write"`, "expires_at = \"never\""), ConfigPlanChecks: action(plancheck.ResourceActionReplace)},
		)
	})
	t.Run("a token that was revoked is created again", func(t *testing.T) {
		target := startedService(t)
		var id string
		acceptance(t,
			resource.TestStep{
				Config: fmt.Sprintf(plainToken, "revoked", `"admin:read"`, "enabled = false"),
				Check: func(state *terraform.State) error {
					id = state.RootModule().Resources["gatehouse_token.t"].Primary.ID
					return nil
				},
			},
			resource.TestStep{
				PreConfig: func() { target.request(t, "DELETE", "/api/tokens/"+id, "") },
				Config:    fmt.Sprintf(plainToken, "revoked", `"admin:read"`, "enabled = false"),
				ConfigPlanChecks: resource.ConfigPlanChecks{PreApply: []plancheck.PlanCheck{
					plancheck.ExpectResourceAction("gatehouse_token.t", plancheck.ResourceActionCreate),
				}},
			},
		)
	})
	t.Run("an error at the time of expiry is shown there", func(t *testing.T) {
		acceptance(t, resource.TestStep{
			Config:      fmt.Sprintf(plainToken, "past", `"admin:read"`, `expires_at = "2001-01-01T00:00:00Z"`),
			ExpectError: regexp.MustCompile(`(?s)expires_at = "2001`),
		})
	})
}

// sameValue compares values of different steps.
type sameValue struct{}

func (sameValue) CompareValues(values ...any) error {
	for _, value := range values {
		if value != values[0] {
			return fmt.Errorf("%v is not %v", value, values[0])
		}
	}
	return nil
}

// differentValues compares values of different steps, too.
type differentValues struct{}

func (differentValues) CompareValues(values ...any) error {
	for index, value := range values {
		if index > 0 && value == values[index-1] {
			return fmt.Errorf("%v is unchanged", value)
		}
	}
	return nil
}

func TestAccessToken(t *testing.T) {
	t.Run("an access token of the requested scopes works, and is issued for the token of the provider", func(t *testing.T) {
		acceptance(t, resource.TestStep{
			Config: `
ephemeral "gatehouse_access_token" "t" {
  scopes = ["admin:read"]
}
provider "echo" {
  data = ephemeral.gatehouse_access_token.t.token
}
resource "echo" "t" {}`,
			Check: func(state *terraform.State) error {
				issued := state.RootModule().Resources["echo.t"].Primary.Attributes["data"]
				target := *startedService(t)
				target.token = issued
				if caller := target.request(t, "GET", "/api/whoami", ""); !regexp.MustCompile(`"scopes":\["admin:read"\]`).MatchString(caller) {
					return fmt.Errorf("the access token has other scopes: %s", caller)
				}
				return nil
			},
		})
	})
}

func TestToolFunction(t *testing.T) {
	t.Run("it joins the names, and rejects what no pattern can match", func(t *testing.T) {
		acceptance(t,
			resource.TestStep{
				Config: `output "t" { value = provider::gatehouse::tool("github", "delete_*") }`,
				Check:  resource.TestCheckOutput("t", "github__delete_*"),
			},
			resource.TestStep{
				Config:      `output "t" { value = provider::gatehouse::tool("Not a slug", "x") }`,
				ExpectError: regexp.MustCompile(`must be the slug of an MCP server`),
			},
		)
	})
}
