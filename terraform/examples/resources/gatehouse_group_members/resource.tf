resource "gatehouse_user" "ada" {
  user_name = "ada@example.com"
}

resource "gatehouse_group" "design" {
  display_name = "Design"
}

# Others are removed from the group.
resource "gatehouse_group_members" "design" {
  group_id = gatehouse_group.design.id
  members  = [gatehouse_user.ada.id]
}
