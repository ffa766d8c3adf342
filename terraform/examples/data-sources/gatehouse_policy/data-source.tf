data "gatehouse_policy" "example" {
  slug = "no-deletions"
}
