# The identifier is the id.
terraform import gatehouse_token.example tok_01M8PFTAXJAKJPMTKERMS8JB8Z
