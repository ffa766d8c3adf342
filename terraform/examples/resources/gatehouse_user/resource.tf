resource "gatehouse_user" "grace" {
  user_name    = "grace@example.com"
  display_name = "Grace Hopper"
  name         = { given_name = "Grace", family_name = "Hopper" }
  emails       = [{ value = "grace@example.com", type = "work", primary = true }]
  enterprise   = { department = "Engineering" }
}
