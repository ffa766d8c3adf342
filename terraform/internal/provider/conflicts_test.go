package provider

import (
	"context"
	"fmt"
	"regexp"
	"testing"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/plancheck"
)

const namedSkill = `
resource "gatehouse_skill" "t" {
  slug    = "%s"
  name    = "%s"
  content = "text"
}`

const referencedServer = `
resource "gatehouse_mcp_server" "kept" {
  slug      = "SLUG-kept"
  name      = "Kept"
  transport = "http"
  url       = "https://mcp.example.com"
}
resource "gatehouse_mcp_server" "gone" {
  slug          = "SLUG-gone"
  name          = "Gone"
  transport     = "http"
  url           = "https://mcp.example.com"
  force_destroy = %t
}
resource "gatehouse_toolkit" "t" {
  slug    = "SLUG-toolkit"
  name    = "Both"
  entries = { (gatehouse_mcp_server.kept.slug) = {}, (gatehouse_mcp_server.gone.slug) = {} }
}`

const withoutServer = `
resource "gatehouse_mcp_server" "kept" {
  slug      = "SLUG-kept"
  name      = "Kept"
  transport = "http"
  url       = "https://mcp.example.com"
}
resource "gatehouse_toolkit" "t" {
  slug    = "SLUG-toolkit"
  name    = "One"
  entries = { (gatehouse_mcp_server.kept.slug) = {} }
}`

func withSlug(config, slug string) string {
	return regexp.MustCompile(`SLUG`).ReplaceAllString(config, slug)
}

func TestChangesOfOthers(t *testing.T) {
	t.Run("a resource that exists already is not adopted, and the error names the import", func(t *testing.T) {
		startedService(t).request(t, "PUT", "/api/skills/adopted", `{"name":"Of another client","content":"theirs"}`)
		acceptance(t, resource.TestStep{
			Config:      fmt.Sprintf(namedSkill, "adopted", "Mine"),
			ExpectError: regexp.MustCompile(`(?s)already\. To\s+manage.*terraform\s+import\s+gatehouse_skill\.NAME`),
		})
		if content := startedService(t).request(t, "GET", "/api/skills/adopted", ""); !regexp.MustCompile("theirs").MatchString(content) {
			t.Errorf("the skill of another client was changed: %s", content)
		}
	})
	t.Run("a change between plan and apply is not overwritten", func(t *testing.T) {
		target := startedService(t)
		acceptance(t,
			resource.TestStep{Config: fmt.Sprintf(namedSkill, "raced", "First")},
			resource.TestStep{
				Config: fmt.Sprintf(namedSkill, "raced", "Second"),
				ConfigPlanChecks: resource.ConfigPlanChecks{PreApply: []plancheck.PlanCheck{
					changeBeforeApply(func() { target.request(t, "PATCH", "/api/skills/raced", `{"content":"theirs"}`) }),
				}},
				ExpectError: regexp.MustCompile(`(?s)Another client\s+has\s+changed the skill\s+"raced"\s+since\s+the plan`),
			},
			resource.TestStep{Config: fmt.Sprintf(namedSkill, "raced", "Second")},
		)
	})
	t.Run("drift is shown and repaired, and a resource that was deleted is created again", func(t *testing.T) {
		target := startedService(t)
		acceptance(t,
			resource.TestStep{Config: fmt.Sprintf(namedSkill, "drifted", "Name")},
			resource.TestStep{
				PreConfig: func() { target.request(t, "PATCH", "/api/skills/drifted", `{"name":"Other"}`) },
				Config:    fmt.Sprintf(namedSkill, "drifted", "Name"),
				ConfigPlanChecks: resource.ConfigPlanChecks{PreApply: []plancheck.PlanCheck{
					plancheck.ExpectResourceAction("gatehouse_skill.t", plancheck.ResourceActionUpdate),
				}},
				Check: resource.TestCheckResourceAttr("gatehouse_skill.t", "name", "Name"),
			},
			resource.TestStep{
				PreConfig: func() { target.request(t, "DELETE", "/api/skills/drifted", "") },
				Config:    fmt.Sprintf(namedSkill, "drifted", "Name"),
				ConfigPlanChecks: resource.ConfigPlanChecks{PreApply: []plancheck.PlanCheck{
					plancheck.ExpectResourceAction("gatehouse_skill.t", plancheck.ResourceActionCreate),
				}},
			},
		)
	})
}

func TestMembers(t *testing.T) {
	t.Run("a user who exists already is not adopted", func(t *testing.T) {
		startedService(t).request(t, "POST", "/api/users", `{"userName":"existing@example.com"}`)
		acceptance(t, resource.TestStep{
			Config: `
resource "gatehouse_user" "t" {
  user_name = "EXISTING@example.com"
}`,
			ExpectError: regexp.MustCompile(`(?s)import it:\s+terraform import\s+gatehouse_user\.NAME`),
		})
	})
	t.Run("a membership that exists already is not adopted, so it is not removed either, until it is imported", func(t *testing.T) {
		target := startedService(t)
		group := regexp.MustCompile(`grp_\w+`).FindString(target.request(t, "POST", "/api/groups", `{"displayName":"Joined"}`))
		user := regexp.MustCompile(`usr_\w+`).FindString(target.request(t, "POST", "/api/users", `{"userName":"joined@example.com"}`))
		member := "/api/groups/" + group + "/members/" + user
		target.request(t, "PUT", member, "")
		config := fmt.Sprintf("resource \"gatehouse_group_member\" \"t\" {\n  group_id  = %q\n  member_id = %q\n}\n", group, user)
		imported := fmt.Sprintf("import {\n  to = gatehouse_group_member.t\n  id = %q\n}\n", group+"/"+user) + config
		acceptance(t,
			resource.TestStep{Config: config, ExpectError: regexp.MustCompile(`(?s)already\. To\s+manage.*terraform\s+import\s+gatehouse_group_member\.NAME\s+"` + group + "/" + user)},
			resource.TestStep{PreConfig: func() { target.request(t, "GET", member, "") }, Config: imported},
			resource.TestStep{Config: config, ConfigPlanChecks: resource.ConfigPlanChecks{PreApply: []plancheck.PlanCheck{plancheck.ExpectEmptyPlan()}}},
			// A membership that another client has removed is created again.
			resource.TestStep{PreConfig: func() { target.request(t, "DELETE", member, "") }, Config: config},
		)
	})
	t.Run("users are deleted with their memberships and assignments in one apply", func(t *testing.T) {
		config := func(users string) string {
			return `
resource "gatehouse_user" "t" {
  count         = ` + users + `
  user_name     = "member-${count.index}@example.com"
  force_destroy = true
}
resource "gatehouse_group" "t" {
  display_name = "Members"
  labels       = { users = "` + users + `" }
}
resource "gatehouse_group_members" "t" {
  group_id = gatehouse_group.t.id
  members  = gatehouse_user.t[*].id
}
resource "gatehouse_skill" "t" {
  slug       = "assigned"
  name       = "Assigned"
  content    = "text"
  assignment = { users = gatehouse_user.t[*].id }
}`
		}
		acceptance(t,
			resource.TestStep{Config: config("3")},
			resource.TestStep{Config: config("1"), Check: resource.ComposeAggregateTestCheckFunc(
				resource.TestCheckResourceAttr("gatehouse_group_members.t", "members.#", "1"),
				resource.TestCheckResourceAttr("gatehouse_skill.t", "assignment.users.#", "1"),
			)},
			resource.TestStep{Config: config("1"), ConfigPlanChecks: resource.ConfigPlanChecks{PreApply: []plancheck.PlanCheck{plancheck.ExpectEmptyPlan()}}},
		)
	})
	t.Run("members that another client adds between plan and apply are kept, and a new name of the group does not matter", func(t *testing.T) {
		target := startedService(t)
		target.request(t, "POST", "/api/groups", `{"displayName":"Watched"}`)
		created := target.request(t, "POST", "/api/users", `{"userName":"of-another-client@example.com"}`)
		added := regexp.MustCompile(`usr_\w+`).FindString(created)
		config := func(count int) string {
			return fmt.Sprintf(`
data "gatehouse_group" "t" {
  display_name = "watched"
}
resource "gatehouse_user" "t" {
  count     = 2
  user_name = "watched-${count.index}@example.com"
}
resource "gatehouse_group_members" "t" {
  group_id = data.gatehouse_group.t.id
  members  = slice(gatehouse_user.t[*].id, 0, %d)
}`, count)
		}
		beforeApply := func(method, path, body string) resource.ConfigPlanChecks {
			return resource.ConfigPlanChecks{PreApply: []plancheck.PlanCheck{changeBeforeApply(func() { target.request(t, method, path, body) })}}
		}
		acceptance(t,
			resource.TestStep{Config: config(1)},
			resource.TestStep{
				Config:           config(2),
				ConfigPlanChecks: beforeApply("PATCH", "/api/groups/Watched", `{"displayName":"WATCHED"}`),
				Check:            resource.TestCheckResourceAttr("gatehouse_group_members.t", "members.#", "2"),
			},
			resource.TestStep{
				Config:           config(1),
				ConfigPlanChecks: beforeApply("PUT", "/api/groups/Watched/members/"+added, ""),
				ExpectError:      regexp.MustCompile(`(?s)Another client\s+has\s+changed the member set`),
			},
			resource.TestStep{Config: config(1), Check: resource.TestCheckResourceAttr("gatehouse_group_members.t", "members.#", "1")},
		)
	})
}

func TestReferencedResources(t *testing.T) {
	t.Run("a deletion that references block lists them", func(t *testing.T) {
		acceptance(t,
			resource.TestStep{Config: withSlug(fmt.Sprintf(referencedServer, false), "blocked")},
			resource.TestStep{
				Config:      withSlug(withoutServer, "blocked"),
				ExpectError: regexp.MustCompile(`(?s)- toolkit blocked-toolkit \(Both\).*force_destroy`),
			},
			resource.TestStep{Config: withSlug(fmt.Sprintf(referencedServer, true), "blocked")},
		)
	})
	t.Run("with force_destroy, a server and its entry in a toolkit are removed in one apply", func(t *testing.T) {
		acceptance(t,
			resource.TestStep{Config: withSlug(fmt.Sprintf(referencedServer, true), "forced")},
			resource.TestStep{
				Config: withSlug(withoutServer, "forced"),
				Check: resource.ComposeAggregateTestCheckFunc(
					resource.TestCheckResourceAttr("gatehouse_toolkit.t", "entries.%", "1"),
					resource.TestCheckResourceAttr("gatehouse_toolkit.t", "name", "One"),
				),
			},
			resource.TestStep{
				Config:           withSlug(withoutServer, "forced"),
				ConfigPlanChecks: resource.ConfigPlanChecks{PreApply: []plancheck.PlanCheck{plancheck.ExpectEmptyPlan()}},
			},
		)
	})
	t.Run("with force_destroy, a change by another client is still not overwritten", func(t *testing.T) {
		target := startedService(t)
		acceptance(t,
			resource.TestStep{Config: withSlug(fmt.Sprintf(referencedServer, true), "both")},
			resource.TestStep{
				Config: withSlug(withoutServer, "both"),
				ConfigPlanChecks: resource.ConfigPlanChecks{PreApply: []plancheck.PlanCheck{
					changeBeforeApply(func() { target.request(t, "PATCH", "/api/toolkits/both-toolkit", `{"description":"theirs"}`) }),
				}},
				ExpectError: regexp.MustCompile(`(?s)Another client\s+has\s+changed the toolkit`),
			},
			resource.TestStep{Config: withSlug(withoutServer, "both")},
		)
	})
}

func TestManagedByTheIdentityProvider(t *testing.T) {
	t.Run("a change or deletion fails at the plan, unless it is overridden", func(t *testing.T) {
		target := startedService(t)
		target.request(t, "POST", "/scim/v2/Groups", `{"schemas":["urn:ietf:params:scim:schemas:core:2.0:Group"],"displayName":"Managed"}`)
		config := func(name, override string) string {
			return fmt.Sprintf("import {\n  to = gatehouse_group.t\n  id = \"Managed\"\n}\nresource \"gatehouse_group\" \"t\" {\n  display_name = %q\n  %s\n}", name, override)
		}
		acceptance(t,
			resource.TestStep{Config: config("Managed", "")},
			resource.TestStep{Config: config("Managed", "labels = { team = \"a\" }"), Check: resource.TestCheckResourceAttr("gatehouse_group.t", "labels.team", "a")},
			resource.TestStep{Config: config("Renamed", ""), PlanOnly: true, ExpectError: regexp.MustCompile(`identity provider manages the\s+group`)},
			resource.TestStep{Config: "# nothing", PlanOnly: true, ExpectError: regexp.MustCompile(`identity provider manages the\s+group`)},
			resource.TestStep{Config: config("Managed", "override = true"), Check: resource.TestCheckResourceAttr("gatehouse_group.t", "managed_by", "scim")},
		)
	})
	t.Run("members of its groups are rejected at the plan too", func(t *testing.T) {
		target := startedService(t)
		target.request(t, "POST", "/scim/v2/Groups", `{"schemas":["urn:ietf:params:scim:schemas:core:2.0:Group"],"displayName":"Managed members"}`)
		acceptance(t, resource.TestStep{
			Config: `
data "gatehouse_group" "t" {
  display_name = "Managed members"
}
resource "gatehouse_group_members" "t" {
  group_id = data.gatehouse_group.t.id
  members  = []
}`,
			PlanOnly: true, ExpectError: regexp.MustCompile(`identity provider manages the\s+group`),
		})
	})
}

// changeBeforeApply runs between the plan and the apply of a step.
type planHook func()

func changeBeforeApply(change func()) plancheck.PlanCheck { return planHook(change) }

func (h planHook) CheckPlan(_ context.Context, _ plancheck.CheckPlanRequest, _ *plancheck.CheckPlanResponse) {
	h()
}
