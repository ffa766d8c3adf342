#!/usr/bin/env bash
# The admin API and the user API with curl: an MCP server and a toolkit for everyone, and what one user sees of them.
#
#   GATEHOUSE_TOKEN=wxt_... ./quickstart.sh
#
# The token needs the scope all. It may run again: PUT of the same content changes nothing.
set -euo pipefail

url=${GATEHOUSE_URL:-http://127.0.0.1:8080}
: "${GATEHOUSE_TOKEN:?is not set}"

# The token goes through a file descriptor: arguments of a process can be read by others on the machine.
ask() { # METHOD PATH [curl options]
  local method=$1 path=$2
  shift 2
  curl --silent --show-error --fail-with-body --request "$method" "$url$path" \
    --header @<(printf 'Authorization: Bearer %s\n' "$GATEHOUSE_TOKEN") \
    --header 'Content-Type: application/json' "$@"
  echo
}

echo "# Who am I?"
ask GET /api/whoami

echo "# An MCP server for everyone"
ask PUT /api/mcp-servers/weather --data '{
  "name": "Weather",
  "status": "active",
  "transport": "http",
  "url": "https://mcp.example.com/weather",
  "tools": [{ "name": "forecast", "risk": "read" }, { "name": "observe", "risk": "write", "enabled": false }],
  "assignment": { "everyone": true }
}'

echo "# A toolkit with one of its tools"
ask PUT /api/toolkits/outdoors --data '{
  "name": "Outdoors",
  "entries": [{ "mcpServer": "weather", "tools": ["forecast"] }],
  "assignment": { "everyone": true }
}'

echo "# A user"
ask PUT /api/users/grace@example.com --data '{ "active": true, "displayName": "Grace Hopper" }'

echo "# The organization's view: everything, with whom it is assigned to"
ask GET '/api/mcp-servers?status=active&limit=10'

echo "# The user's view: what she may use"
ask GET /api/mcp-servers/weather --header 'x-user-email: grace@example.com'
ask GET /api/toolkits --header 'x-user-email: grace@example.com'
