# The identifier is the userName or the id.
terraform import gatehouse_user.example grace@example.com
