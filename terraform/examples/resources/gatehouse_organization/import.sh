# The identifier is any text: there is one organization.
terraform import gatehouse_organization.example this
