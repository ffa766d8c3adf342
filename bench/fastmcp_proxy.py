"""Serves the MCP server in UPSTREAM_URL through FastMCP's proxy, on PORT. It responds with JSON and keeps no sessions."""

import os

from fastmcp.server import create_proxy

create_proxy(os.environ["UPSTREAM_URL"]).run(
    transport="http",
    host="127.0.0.1",
    port=int(os.environ["PORT"]),
    json_response=True,
    stateless_http=True,
    show_banner=False,
    uvicorn_config={"log_level": "info", "access_log": False},
)
