#!/usr/bin/env bash
# The admin API and the user API with curl: creates an MCP server and a toolkit for everyone, and reads them as one user.
#
#   GATEHOUSE_TOKEN=wxt_... ./quickstart.sh
#
# The token needs the scope all. The script can run repeatedly: a PUT of the same content changes nothing.
set -euo pipefail

url=${GATEHOUSE_URL:-http://127.0.0.1:8080}
: "${GATEHOUSE_TOKEN:?is not set. Set it to a token with the scope all.}"

# The token is passed through a file descriptor: other users of the machine can read the arguments of a process.
request() { # METHOD PATH [curl options]
  local method=$1 path=$2
  shift 2
  curl --silent --show-error --fail-with-body --request "$method" "$url$path" \
    --header @<(printf 'Authorization: Bearer %s\n' "$GATEHOUSE_TOKEN") \
    --header 'Content-Type: application/json' "$@"
  echo
}

echo "# Who am I?"
request GET /api/whoami

echo "# An MCP server for everyone"
request PUT /api/mcp-servers/weather --data '{
  "name": "Weather",
  "status": "active",
  "transport": "http",
  "url": "https://mcp.example.com/weather",
  "tools": [{ "name": "forecast", "risk": "read" }, { "name": "observe", "risk": "write", "enabled": false }],
  "assignment": { "everyone": true }
}'

echo "# A toolkit with one of its tools"
request PUT /api/toolkits/outdoors --data '{
  "name": "Outdoors",
  "entries": [{ "mcpServer": "weather", "tools": ["forecast"] }],
  "assignment": { "everyone": true }
}'

echo "# A user"
request PUT /api/users/grace@example.com --data '{ "active": true, "displayName": "Grace Hopper" }'

echo "# The organization's view: every server, with its assignment"
request GET '/api/mcp-servers?status=active&limit=10'

echo "# The user's view: the resources that she may use"
request GET /api/mcp-servers/weather --header 'x-user-email: grace@example.com'
request GET /api/toolkits --header 'x-user-email: grace@example.com'
