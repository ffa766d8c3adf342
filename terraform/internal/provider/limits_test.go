package provider

import (
	"context"
	"fmt"
	"regexp"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-go/tftypes"
	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/plancheck"
)

// text returns characters outside the basic plane: each is one character, two units of UTF-16 and four bytes.
func text(characters int) string {
	return strings.Repeat("🔐", characters)
}

// longest has values of the maximum length in every attribute that limits its length.
func longest() string {
	return fmt.Sprintf(`
resource "gatehouse_skill" "t" {
  slug        = "longest"
  name        = %[1]q
  description = %[2]q
  content     = %[4]q
}
resource "gatehouse_command" "t" {
  slug        = "longest"
  name        = %[1]q
  template    = %[5]q
  arguments   = [{ name = "a", description = %[2]q }]
}
resource "gatehouse_mcp_server" "t" {
  slug      = "longest"
  name      = %[1]q
  transport = "stdio"
  command   = %[3]q
  tools     = { a = { description = %[6]q } }
}
resource "gatehouse_token" "t" {
  name        = %[1]q
  description = %[3]q
  scopes      = ["admin:read"]
}
resource "gatehouse_scim_extension" "t" {
  urn           = "urn:example:longest:1.0:User"
  resource_type = "User"
  name          = %[1]q
  description   = %[2]q
  attributes    = { a = { description = %[2]q } }
}`, text(200), text(2000), text(1000), text(100_000), text(50_000), text(10_000))
}

func TestLimits(t *testing.T) {
	t.Run("lengths are counted in characters as the service counts them", func(t *testing.T) {
		acceptance(t,
			resource.TestStep{Config: strings.Replace(longest(), text(200), text(201), 1), ExpectError: regexp.MustCompile(`must be at most 200`)},
			resource.TestStep{Config: longest()},
			resource.TestStep{Config: longest(), ConfigPlanChecks: resource.ConfigPlanChecks{PreApply: []plancheck.PlanCheck{plancheck.ExpectEmptyPlan()}}},
		)
	})
	t.Run("what a list shows of resources at the limits of the service is a valid configuration", func(t *testing.T) {
		target, _, _ := ownClient(t)
		createOneOfEach(t, target)
		createAtLimits(t, target)
		server := configuredServerFor(t, target)
		for name, listSchema := range schemasOf(t, server).ListResourceSchemas {
			stream, err := server.(tfprotov6.ListResourceServer).ListResource(context.Background(), &tfprotov6.ListResourceRequest{
				TypeName: name, Config: objectOf(t, listSchema.ValueType().(tftypes.Object), nil), IncludeResource: true, Limit: 100,
			})
			if err != nil {
				t.Fatal(err)
			}
			for result := range stream.Results {
				failOnErrors(t, result.Diagnostics)
				response, err := server.ValidateResourceConfig(context.Background(), &tfprotov6.ValidateResourceConfigRequest{TypeName: name, Config: result.Resource})
				if err != nil {
					t.Fatal(err)
				}
				for _, each := range response.Diagnostics {
					// A list shows the attributes that only the service sets too. Terraform does not write them.
					if each.Summary == "Invalid Configuration for Read-Only Attribute" {
						continue
					}
					t.Errorf("%s %.50s: %v: %s: %.200s", name, result.DisplayName, each.Attribute, each.Summary, each.Detail)
				}
			}
		}
	})
}

// createAtLimits creates resources with the longest, the shortest and the least usual values that the service accepts.
func createAtLimits(t *testing.T, target *testService) {
	t.Helper()
	put := func(path, format string, values ...any) {
		t.Helper()
		target.request(t, "PUT", path, fmt.Sprintf(format, values...))
	}
	put("/api/skills/limits", `{"name":%q,"description":%q,"content":%q,"files":[]}`, text(200), text(2000), text(100_000))
	put("/api/skills/empty", `{"name":".","content":""}`)
	put("/api/commands/limits", `{"name":%q,"template":%q}`, text(200), text(50_000))
	put("/api/mcp-servers/url", `{"name":"S","transport":"http","url":"HTTPS:mcp.example.com"}`)
	put("/api/mcp-servers/args", `{"name":"S","transport":"stdio","command":%q,"args":[],"tools":[{"name":"a","description":%q}]}`, text(1000), text(10_000))
	put("/api/toolkits/limits", `{"name":%q,"entries":[{"mcpServer":"args","tools":[]}]}`, text(200))
	put("/api/scim-extensions/urn:example:limits:1.0:User",
		`{"name":%q,"resourceType":"User","description":%q,"attributes":[{"name":"a","canonicalValues":[]},{"name":"b","type":"complex","subAttributes":[{"name":"c","canonicalValues":[]}]}]}`,
		text(200), text(2000))
	target.request(t, "POST", "/api/users", `{"userName":"a","displayName":" ","nickName":" ","emails":[{"value":" "}]}`)
	target.request(t, "POST", "/api/tokens", fmt.Sprintf(`{"name":%q,"description":%q,"scopes":["admin:read"]}`, text(200), text(1000)))
}
