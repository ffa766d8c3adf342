resource "gatehouse_scim_extension" "hr" {
  urn           = "urn:example:hr:2.0:User"
  resource_type = "User"
  name          = "Human resources"
  attributes = {
    costCenter = { indexed = true, description = "The cost center that pays." }
    startDate  = { type = "dateTime" }
  }
}
