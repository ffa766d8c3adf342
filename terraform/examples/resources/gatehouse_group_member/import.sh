# The identifier is the displayName or the id of the group, a slash, and the id of the member.
terraform import gatehouse_group_member.example "On call/usr_01M8PFTATN0WHJXB57BRRWZWXB"
