resource "gatehouse_token" "ci" {
  name            = "CI"
  type            = "admin"
  scopes          = ["admin:read"]
  allowed_ips     = ["10.0.0.0/8"]
  expires_in_days = 90

  # Increase it to replace the secret. The previous one stays valid for an hour.
  rotation               = 1
  rotation_grace_seconds = 3600
}
