# The identifier is the URN.
terraform import gatehouse_scim_extension.example urn:example:hr:2.0:User
