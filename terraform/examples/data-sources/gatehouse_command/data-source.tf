data "gatehouse_command" "example" {
  slug = "summarize"
}
