# The identifier is the slug or the id.
terraform import gatehouse_toolkit.example triage
