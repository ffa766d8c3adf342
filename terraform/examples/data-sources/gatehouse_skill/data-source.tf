data "gatehouse_skill" "example" {
  slug = "bug-reports"
}
