# The identifier is the displayName or the id of the group.
terraform import gatehouse_group_members.example Design
