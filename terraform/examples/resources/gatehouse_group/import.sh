# The identifier is the displayName or the id.
terraform import gatehouse_group.example Platform
