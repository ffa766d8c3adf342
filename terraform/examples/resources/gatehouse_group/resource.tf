resource "gatehouse_group" "platform" {
  display_name = "Platform"
}
