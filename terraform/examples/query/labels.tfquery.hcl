list "gatehouse_mcp_server" "payments" {
  provider = gatehouse
  config {
    labels = ["team:payments"]
  }
}
