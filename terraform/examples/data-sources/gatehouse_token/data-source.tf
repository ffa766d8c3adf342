data "gatehouse_token" "example" {
  name = "CI"
}
