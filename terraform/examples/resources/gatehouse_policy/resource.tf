resource "gatehouse_mcp_server" "files" {
  slug      = "files"
  name      = "Files"
  status    = "active"
  transport = "stdio"
  command   = "mcp-files"
  tools     = { read_file = { risk = "read" }, delete_file = { risk = "destructive" } }
}

resource "gatehouse_policy" "no_deletions" {
  slug     = "no-deletions"
  name     = "No deletions"
  effect   = "deny"
  subjects = { everyone = true }
  resources = {
    tools = [provider::gatehouse::tool(gatehouse_mcp_server.files.slug, "delete_*")]
  }
}
