data "gatehouse_user" "example" {
  email = "grace@example.com"
}
