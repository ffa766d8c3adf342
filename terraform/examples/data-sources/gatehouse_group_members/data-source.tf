data "gatehouse_group" "platform" {
  display_name = "Platform"
}

data "gatehouse_group_members" "platform" {
  group_id = data.gatehouse_group.platform.id
}
