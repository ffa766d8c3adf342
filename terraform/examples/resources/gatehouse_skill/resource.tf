resource "gatehouse_skill" "bug_reports" {
  slug       = "bug-reports"
  name       = "Bug reports"
  content    = "# Bug reports\n\nState the steps, the expected and the actual result.\n"
  files      = { "template.md" = "## Steps\n" }
  assignment = { everyone = true }
}
