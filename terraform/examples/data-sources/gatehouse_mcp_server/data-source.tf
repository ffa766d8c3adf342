data "gatehouse_mcp_server" "example" {
  slug = "github"
}
