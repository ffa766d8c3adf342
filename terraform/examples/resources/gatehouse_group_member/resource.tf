resource "gatehouse_user" "alan" {
  user_name = "alan@example.com"
}

resource "gatehouse_group" "on_call" {
  display_name = "On call"
}

# Other members of the group stay as they are.
resource "gatehouse_group_member" "alan_on_call" {
  group_id  = gatehouse_group.on_call.id
  member_id = gatehouse_user.alan.id
}
