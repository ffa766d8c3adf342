#!/bin/sh
# scim2-tester 0.5.2 reports an error for a server that appends in PATCH "add" to a multi-valued attribute.
# RFC 7644 section 3.5.2.1: "If the target location specifies a multi-valued attribute, a new value is added to the
# attribute." Its checker patch:add compares the response with the added value alone. The attribute has other values by
# then if it belongs to an extension, because the checker has added the whole extension with random values before.
# The server here is scim2-server 0.8.3, the reference server of the same project.
# Seen: ERROR "Attribute '...:skills' was not added or has unexpected value", where the returned list has the added
# value after an earlier one. Fails if that changes. Needs python3 with pip, and the Python package registry.
set -eu
directory=$(mktemp -d)
trap 'rm -rf "$directory"' EXIT
python3 -m pip install --quiet --root-user-action ignore --target "$directory" \
  scim2-tester==0.5.2 scim2-client==0.13.2 scim2-models==0.12.3 scim2-server==0.8.3 2>/dev/null
PYTHONPATH=$directory PYTHONDONTWRITEBYTECODE=1 python3 - <<'PYTHON'
import sys
from importlib.metadata import version

from scim2_client.engines.wsgi import WSGISCIMClient
from scim2_models import ResourceType, Schema, ScimProvider
from scim2_server.memory import InMemoryStorage
from scim2_server.service import ScimService
from scim2_server.testserver.application import BearerTokenApplication
from scim2_server.utils import (
    load_default_resource_types,
    load_default_schemas,
    load_default_service_provider_config,
)
from scim2_tester import check_server

URN = "urn:example:params:scim:schemas:extension:payroll:2.0:User"
extension = Schema.model_validate(
    {
        "schemas": ["urn:ietf:params:scim:schemas:core:2.0:Schema"],
        "id": URN,
        "name": "Payroll",
        "attributes": [
            {"name": "skills", "type": "string", "multiValued": True, "mutability": "readWrite", "required": False}
        ],
    }
)
types = []
for each in load_default_resource_types().values():
    document = each.model_dump()
    if document["name"] == "User":
        document["schemaExtensions"] = [*document.get("schemaExtensions", []), {"schema": URN, "required": False}]
    types.append(ResourceType.model_validate(document))
provider = ScimProvider.from_discovery(
    [*load_default_schemas().values(), extension], types, config=load_default_service_provider_config()
)
application = BearerTokenApplication(InMemoryStorage(), provider, service=ScimService(provider, secret="x" * 43))
client = WSGISCIMClient(application, base_url="http://localhost/v2")
results = check_server(client, include_tags={"patch:add"})

for name in ["scim2-tester", "scim2-client", "scim2-models", "scim2-server"]:
    print(name, version(name))
seen = False
for result in results:
    if result.status.name != "ERROR" or not str(result.data and result.data.get("urn", "")).endswith(":skills"):
        continue
    expected, actual = result.data["expected"], result.data.get("modify_actual") or result.data.get("actual")
    print(result.title, result.status.name, result.reason, sep="\n")
    seen = seen or (len(actual) > len(expected) and actual[-len(expected) :] == expected)
print(f"{len(results)} results; reports an error for an appended value: {seen}")
sys.exit(0 if seen else 1)
PYTHON
