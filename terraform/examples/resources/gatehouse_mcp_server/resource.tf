resource "gatehouse_mcp_server" "github" {
  slug        = "github"
  name        = "GitHub"
  description = "Repositories, issues and pull requests"
  status      = "active"
  environment = "production"
  labels      = { team = "platform" }
  transport   = "http"
  url         = "https://mcp.example.com/github"

  auth = {
    oauth2 = {
      authorization_url = "https://github.example.com/login/oauth/authorize"
      token_url         = "https://github.example.com/login/oauth/access_token"
      client_id         = "gatehouse"
      scopes            = ["repo", "read:org"]
    }
  }

  tools = {
    search_issues = {
      annotations = { read_only_hint = true }
      input_schema = jsonencode({
        type       = "object"
        properties = { query = { type = "string" } }
        required   = ["query"]
      })
    }
    delete_repository = { risk = "destructive", enabled = false }
  }

  assignment = { everyone = true }

  # A deletion removes the server from toolkits and policies as well.
  force_destroy = true
}
