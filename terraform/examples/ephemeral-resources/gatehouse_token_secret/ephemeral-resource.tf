resource "gatehouse_token" "ci" {
  name     = "CI"
  scopes   = ["admin:read"]
  rotation = 1
}

ephemeral "gatehouse_token_secret" "ci" {
  token_id = gatehouse_token.ci.id
}

# The secret goes from Gatehouse to Vault. Neither the plan nor the state contains it.
resource "vault_kv_secret_v2" "ci" {
  mount                = "secret"
  name                 = "gatehouse-ci"
  data_json_wo         = jsonencode({ token = ephemeral.gatehouse_token_secret.ci.secret })
  data_json_wo_version = gatehouse_token.ci.rotation
}
