data "gatehouse_organization" "this" {}
