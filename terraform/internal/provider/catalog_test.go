package provider

import (
	"fmt"
	"maps"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"
)

// catalogOf is a catalog whose size follows from its number of servers. Each toolkit names two of them, each third one has
// a token, and every policy and group refers to others.
const catalogOf = `
locals {
  servers  = toset([for n in range(%[1]d) : format("catalog-%%03d", n)])
  groups   = toset([for n in range(%[2]d) : format("Catalog %%02d", n)])
  toolkits = { for n in range(%[2]d) : format("catalog-%%02d", n) => [format("catalog-%%03d", n), format("catalog-%%03d", %[1]d - 1 - n)] }
}
resource "gatehouse_mcp_server" "s" {
  for_each      = local.servers
  slug          = each.key
  name          = "%[3]s ${each.key}"
  status        = "active"
  transport     = "http"
  url           = "https://mcp.example.com/${each.key}"
  tools         = { search = { risk = "read" }, create = {}, delete = { risk = "destructive" } }
  force_destroy = true
}
resource "gatehouse_skill" "s" {
  count         = %[4]d
  slug          = "catalog-${count.index}"
  name          = "%[3]s ${count.index}"
  content       = "# Skill ${count.index}"
  force_destroy = true
}
resource "gatehouse_group" "g" {
  for_each      = local.groups
  display_name  = each.key
  force_destroy = true
}
resource "gatehouse_user" "u" {
  for_each  = local.groups
  user_name = replace(lower("${each.key}@example.com"), " ", "-")
}
resource "gatehouse_group_members" "m" {
  for_each = local.groups
  group_id = gatehouse_group.g[each.key].id
  members  = [for name, user in gatehouse_user.u : user.id]
}
resource "gatehouse_toolkit" "t" {
  for_each   = local.toolkits
  slug       = each.key
  name       = "%[3]s ${each.key}"
  entries    = { for slug in each.value : gatehouse_mcp_server.s[slug].slug => { tools = ["search"] } }
  skills     = [for skill in slice(gatehouse_skill.s, 0, 2) : skill.slug]
  assignment = { groups = [for group in gatehouse_group.g : group.id] }
}
resource "gatehouse_policy" "p" {
  for_each  = local.toolkits
  slug      = each.key
  name      = "%[3]s ${each.key}"
  effect    = "deny"
  subjects  = { groups = [for group in gatehouse_group.g : group.id] }
  resources = { mcp_servers = [for slug in each.value : gatehouse_mcp_server.s[slug].slug], tools = ["delete"] }
}
resource "gatehouse_token" "t" {
  for_each    = { for name, servers in local.toolkits : name => servers[0] }
  name        = each.key
  type        = "mcp"
  mcp_servers = [gatehouse_mcp_server.s[each.value].slug]
}
`

// catalogSize is the number of servers. GATEHOUSE_TEST_SERVERS=300 is a large catalog.
func catalogSize(t *testing.T) int {
	t.Helper()
	size, err := strconv.Atoi(os.Getenv("GATEHOUSE_TEST_SERVERS"))
	if err != nil || size < 12 {
		return 30
	}
	return size
}

func TestCatalog(t *testing.T) {
	t.Run("a whole catalog is applied, changed, repaired, reduced and deleted", func(t *testing.T) {
		target, size, program := startedService(t), catalogSize(t), installProvider(t)
		apply := func(servers int, name string) {
			t.Helper()
			program.write(t, fmt.Sprintf(catalogOf, servers, size/6, name, size/3))
			begin := time.Now()
			program.run(t, "apply", "-auto-approve")
			applied := time.Now()
			if changes := program.plannedChanges(t); len(changes) > 0 {
				t.Errorf("the second plan is not empty: %v", changes)
			}
			t.Logf("%d servers: apply %.1f s, second plan %.1f s", servers, applied.Sub(begin).Seconds(), time.Since(applied).Seconds())
			program.expectNoSecret(t)
		}
		apply(size, "First")
		apply(size, "Second")

		target.request(t, "PATCH", "/api/mcp-servers/catalog-001", `{"name":"Changed","tools":[]}`)
		target.request(t, "DELETE", "/api/skills/catalog-5?detach=true", "")
		target.request(t, "PUT", "/api/groups/Catalog%2001/members", `{"members":[]}`)
		target.request(t, "PATCH", "/api/policies/catalog-01", `{"enabled":false}`)
		repaired := program.plannedChanges(t)
		expected := map[string]string{
			`gatehouse_mcp_server.s["catalog-001"]`: "update", `gatehouse_skill.s[5]`: "create",
			`gatehouse_group_members.m["Catalog 01"]`: "update", `gatehouse_policy.p["catalog-01"]`: "update",
		}
		if !maps.Equal(repaired, expected) {
			t.Errorf("the plan after the drift has %v", repaired)
		}
		apply(size, "Second")

		// The last servers are deleted, and toolkits and policies name others instead, in one apply.
		apply(size-2, "Second")

		program.run(t, "destroy", "-auto-approve")
		for _, path := range []string{"/api/mcp-servers", "/api/toolkits", "/api/policies", "/api/skills"} {
			if list := target.request(t, "GET", path+"?limit=100", ""); strings.Contains(list, `"slug":"catalog-`) {
				t.Errorf("%s still has resources of the catalog", path)
			}
		}
	})
}
