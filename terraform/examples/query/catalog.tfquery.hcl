# terraform query -generate-config-out=catalog.tf
list "gatehouse_mcp_server" "all" {
  provider = gatehouse
}

list "gatehouse_toolkit" "all" {
  provider = gatehouse
}

list "gatehouse_skill" "all" {
  provider = gatehouse
}

list "gatehouse_command" "all" {
  provider = gatehouse
}

list "gatehouse_policy" "all" {
  provider = gatehouse
}

list "gatehouse_group" "all" {
  provider = gatehouse
}
