# The identifier is the slug or the id.
terraform import gatehouse_skill.example bug-reports
