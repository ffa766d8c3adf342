data "gatehouse_group" "example" {
  display_name = "Platform"
}
