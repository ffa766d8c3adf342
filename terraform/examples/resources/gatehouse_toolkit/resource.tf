resource "gatehouse_mcp_server" "jira" {
  slug      = "jira"
  name      = "Jira"
  status    = "active"
  transport = "http"
  url       = "https://mcp.example.com/jira"
  tools     = { search = { risk = "read" }, create_issue = {} }
}

resource "gatehouse_group" "engineering" {
  display_name = "Engineering"
}

resource "gatehouse_toolkit" "triage" {
  slug       = "triage"
  name       = "Triage"
  entries    = { (gatehouse_mcp_server.jira.slug) = { tools = ["search"] } }
  assignment = { groups = [gatehouse_group.engineering.id] }
}
