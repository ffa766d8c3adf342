resource "gatehouse_command" "summarize" {
  slug     = "summarize"
  name     = "Summarize"
  template = "Summarize {{topic}} in {{language}}."
  arguments = [
    { name = "topic", required = true },
    { name = "language", description = "The default is English." },
  ]
  assignment = { everyone = true }
}
