#!/usr/bin/env python3
"""Imports MCP servers from a CSV file into an organization's catalog.

    GATEHOUSE_TOKEN=wxt_... python3 import_servers.py servers.csv

The columns are slug, name, url and, optionally, environment. A server that exists keeps what the file does not name. It can
run repeatedly. GATEHOUSE_URL is the URL of the service; the default is http://127.0.0.1:8080. The token needs the scope
admin:write. It needs Python 3.9 and no packages.
"""

import csv
import json
import os
import sys
from typing import Any, Optional
from urllib.error import HTTPError
from urllib.parse import quote
from urllib.request import Request, urlopen

BASE = os.environ.get("GATEHOUSE_URL", "http://127.0.0.1:8080")
TOKEN = os.environ.get("GATEHOUSE_TOKEN", "")


class Problem(Exception):
    """A problem document (RFC 9457) that the service has returned."""

    def __init__(self, problem: dict[str, Any]):
        super().__init__(problem["detail"])
        self.status: int = problem["status"]


def send(method: str, path: str, body: Optional[dict[str, Any]] = None, **headers: str) -> dict[str, Any]:
    """Sends a request. Raises Problem for a response that is not a success."""
    data = None if body is None else json.dumps(body).encode()
    request = Request(BASE + path, data, {"Authorization": f"Bearer {TOKEN}", **headers}, method=method)
    try:
        with urlopen(request) as response:
            return json.load(response)
    except HTTPError as error:
        with error:
            raise Problem(json.load(error)) from None


def import_server(row: dict[str, str]) -> str:
    """Creates or updates a server. Returns what was done."""
    path = "/api/mcp-servers/" + quote(row["slug"], safe="")
    content = {"name": row["name"], "transport": "http", "url": row["url"]}
    environment = row.get("environment") or None
    try:
        existing = send("GET", path)
    except Problem as problem:
        if problem.status != 404:
            raise
        created = {**content, **({"environment": environment} if environment else {})}
        # Fails with 412 instead of replacing a server that somebody has created in the meantime.
        send("PUT", path, created, **{"Content-Type": "application/json", "If-None-Match": "*"})
        return "created"
    if all(existing.get(key) == value for key, value in {**content, "environment": environment}.items()):
        return "unchanged"
    # In a merge patch, null removes a field. If-Match protects a change that somebody has made in the meantime.
    patch = {**content, "environment": environment}
    headers = {"Content-Type": "application/merge-patch+json", "If-Match": f'"{existing["version"]}"'}
    send("PATCH", path, patch, **headers)
    return "updated"


def main() -> int:
    if not TOKEN or len(sys.argv) != 2:
        print("Set GATEHOUSE_TOKEN and pass the path of a CSV file.", file=sys.stderr)
        return 1
    failed = 0
    with open(sys.argv[1], newline="", encoding="utf-8") as file:
        reader = csv.DictReader(file)
        missing = {"slug", "name", "url"} - set(reader.fieldnames or [])
        if missing:
            print(f"The file has no column {', '.join(sorted(missing))}.", file=sys.stderr)
            return 1
        for row in reader:
            try:
                print(import_server(row), row["slug"])
            except Problem as problem:
                failed += 1
                print(f"line {reader.line_num}: {problem}", file=sys.stderr)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
