resource "gatehouse_organization" "this" {
  name         = "Example"
  token_policy = { max_ttl_days = 365, default_ttl_days = 90 }
  provisioning = { unknown_attributes = "reject" }
}
