# The identifier is the slug or the id.
terraform import gatehouse_mcp_server.example github
