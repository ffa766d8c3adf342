"""Runs scim2-tester against a server and prints every result as one JSON array.

Usage: BASE_URL=http://127.0.0.1:8080/scim/v2 TOKEN=... python conformance.py
"""

import json
import os

from httpx2 import Client
from scim2_client.engines.httpx2 import SyncSCIMClient
from scim2_tester import check_server

http = Client(
    base_url=os.environ["BASE_URL"],
    headers={"Authorization": f"Bearer {os.environ['TOKEN']}"},
    timeout=60,
)
results = check_server(SyncSCIMClient(http))
print(
    json.dumps(
        [
            {
                "status": result.status.name,
                "title": result.title,
                "resourceType": result.resource_type,
                "reason": result.reason,
            }
            for result in results
        ],
        default=str,
    )
)
