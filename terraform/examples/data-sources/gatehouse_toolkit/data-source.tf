data "gatehouse_toolkit" "example" {
  slug = "triage"
}
