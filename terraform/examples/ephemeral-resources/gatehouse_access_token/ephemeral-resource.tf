ephemeral "gatehouse_access_token" "reader" {
  scopes = ["admin:read"]
}

# A provider configuration is ephemeral, so it can contain the token.
provider "gatehouse" {
  alias = "reader"
  token = ephemeral.gatehouse_access_token.reader.token
}
