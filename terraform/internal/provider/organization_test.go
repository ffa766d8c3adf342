package provider

import (
	"regexp"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/plancheck"
)

const fullOrganization = `
resource "gatehouse_organization" "t" {
  name          = "Example"
  token_policy  = { max_ttl_days = 20000, allowed_types = ["scim", "admin", "mcp"] }
  provisioning  = { unknown_attributes = "reject" }
  mcp           = { approve_changes = "automatic" }
  auth_exchange = {
    jwks_uri   = "https://login.example.com/keys"
    issuer     = "https://login.example.com"
    audience   = "gatehouse"
    algorithms = ["RS256", "ES256"]
  }
}`

func TestOrganization(t *testing.T) {
	t.Run("settings are applied, removed where the configuration has none, and stay after a deletion", func(t *testing.T) {
		resetOrganization(t)
		acceptance(t,
			resource.TestStep{Config: fullOrganization},
			resource.TestStep{
				Config:           fullOrganization,
				ConfigPlanChecks: resource.ConfigPlanChecks{PreApply: []plancheck.PlanCheck{plancheck.ExpectEmptyPlan()}},
			},
			importStep("gatehouse_organization.t", "this"),
			resource.TestStep{Config: `
resource "gatehouse_organization" "t" {
  name = "Renamed"
}`},
		)
		if settings := startedService(t).request(t, "GET", "/api/organization", ""); !strings.Contains(settings, "Renamed") || strings.Contains(settings, "jwksUri") {
			t.Errorf("the settings are %s", settings)
		}
	})
	t.Run("a setting that the service rejects is shown at its line", func(t *testing.T) {
		resetOrganization(t)
		acceptance(t, resource.TestStep{
			Config: `
resource "gatehouse_organization" "t" {
  name          = "Example"
  auth_exchange = {
    jwks_uri   = "https://login.example.com/keys"
    issuer     = "https://login.example.com"
    audience   = "gatehouse"
    algorithms = ["HS256"]
  }
}`,
			ExpectError: regexp.MustCompile(`(?s)auth_exchange = \{`),
		})
	})
}

func TestUserAttributes(t *testing.T) {
	t.Run("attributes that the provider does not manage keep their values", func(t *testing.T) {
		target := startedService(t)
		config := func(name string) string {
			return `
resource "gatehouse_user" "t" {
  user_name    = "kept@example.com"
  display_name = "` + name + `"
  emails       = [{ value = "kept@example.com" }]
}`
		}
		acceptance(t,
			resource.TestStep{Config: config("First")},
			resource.TestStep{
				PreConfig: func() {
					target.request(t, "PATCH", "/api/users/kept@example.com", `{"phoneNumbers":[{"value":"+1 555 0100"}]}`)
				},
				Config: config("Second"),
			},
			resource.TestStep{
				PreConfig: func() {
					if user := target.request(t, "GET", "/api/users/kept@example.com", ""); !strings.Contains(user, "555 0100") || !strings.Contains(user, "Second") {
						t.Errorf("the user is %s", user)
					}
				},
				Config: `
resource "gatehouse_user" "t" {
  user_name = "kept@example.com"
}`,
				Check: resource.ComposeAggregateTestCheckFunc(
					resource.TestCheckNoResourceAttr("gatehouse_user.t", "display_name"),
					resource.TestCheckNoResourceAttr("gatehouse_user.t", "emails.#"),
				),
			},
		)
	})
}

func TestProviderConfiguration(t *testing.T) {
	t.Run("a missing token, an endpoint that is no URL and a token that is not valid are explained", func(t *testing.T) {
		acceptance(t,
			resource.TestStep{
				Config: `
provider "gatehouse" {
  endpoint = "gatehouse.example.com"
}
data "gatehouse_organization" "t" {}`,
				ExpectError: regexp.MustCompile(`(?s)endpoint.*must be an absolute http or https URL`),
			},
			resource.TestStep{
				Config: `
provider "gatehouse" {
  token = "wxt_not-a-token"
}
data "gatehouse_organization" "t" {}`,
				ExpectError: regexp.MustCompile(`HTTP 401`),
			},
			resource.TestStep{
				Config: `
data "gatehouse_group" "t" {
  id           = "grp_1"
  display_name = "Both"
}`,
				ExpectError: regexp.MustCompile(`(?s)exactly one of id,\s+display_name`),
			},
		)
		t.Setenv("GATEHOUSE_TOKEN", "")
		t.Setenv("GATEHOUSE_ENDPOINT", "")
		requireTerraform(t)
		resource.Test(t, resource.TestCase{ProtoV6ProviderFactories: testProviders, Steps: []resource.TestStep{{
			Config: `data "gatehouse_organization" "t" {}`, ExpectError: regexp.MustCompile(`(?s)endpoint is missing.*GATEHOUSE_ENDPOINT`),
		}}})
	})
}
