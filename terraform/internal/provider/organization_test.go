package provider

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/plancheck"

	"github.com/gatehouse/terraform-provider-gatehouse/internal/service"
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
	t.Run("a creation keeps a setting that another client changes meanwhile", func(t *testing.T) {
		resetOrganization(t)
		target := startedService(t)
		theirs := fmt.Sprintf(`{"consoleSignIn":{"issuer":%q,"clientId":"console"}}`, openIDProvider(t))
		endpoint := beforeFirstWrite(t, target.endpoint, func() { target.request(t, "PATCH", "/api/organization", theirs) })
		client, err := service.New(service.Options{Endpoint: endpoint, Token: target.token, RequestTimeout: 10 * time.Second})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := organizationKind.create(context.Background(), client, organizationModel{Name: "Mine"}); err != nil {
			t.Fatal(err)
		}
		if settings := target.request(t, "GET", "/api/organization", ""); !strings.Contains(settings, `"clientId":"console"`) || !strings.Contains(settings, "Mine") {
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

// openIDProvider serves only the configuration document of an OpenID Provider, and returns its issuer.
func openIDProvider(t *testing.T) string {
	t.Helper()
	var server *httptest.Server
	server = httptest.NewServer(http.HandlerFunc(func(writer http.ResponseWriter, _ *http.Request) {
		writer.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(writer).Encode(map[string]any{
			"issuer": server.URL, "authorization_endpoint": server.URL + "/authorize", "token_endpoint": server.URL + "/token",
			"jwks_uri": server.URL + "/keys", "id_token_signing_alg_values_supported": []string{"RS256"},
		})
	}))
	t.Cleanup(server.Close)
	return server.URL
}

// beforeFirstWrite is a proxy before the service that calls a function before it passes on the first request that is no GET.
func beforeFirstWrite(t *testing.T, endpoint string, call func()) string {
	t.Helper()
	target, err := url.Parse(endpoint)
	if err != nil {
		t.Fatal(err)
	}
	var once sync.Once
	proxy := httputil.NewSingleHostReverseProxy(target)
	server := httptest.NewServer(http.HandlerFunc(func(writer http.ResponseWriter, request *http.Request) {
		if request.Method != http.MethodGet {
			once.Do(call)
		}
		proxy.ServeHTTP(writer, request)
	}))
	t.Cleanup(server.Close)
	return server.URL
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
