output "pattern" {
  value = provider::gatehouse::tool("github", "delete_*") # github__delete_*
}
