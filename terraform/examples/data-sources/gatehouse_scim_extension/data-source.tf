data "gatehouse_scim_extension" "example" {
  urn = "urn:example:hr:2.0:User"
}
