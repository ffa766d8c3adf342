# The identifier is the slug or the id.
terraform import gatehouse_policy.example no-deletions
