"""Uses the clients that openapi-python-client generates from both documents, and prints what it observed as JSON."""

import json
import os

from organization_client import AuthenticatedClient as OrganizationClient
from organization_client.api.mcp_servers import create_mcp_server, get_mcp_server, list_mcp_servers, patch_mcp_server
from organization_client.models import (
    ApiKeyServerAuthInput,
    AssignmentInput,
    McpServerInput,
    McpServerInputStatus,
    McpServerInputTransport,
    McpServerPatch,
)
from user_client import AuthenticatedClient as UserClient
from user_client.api.mcp_servers import list_mcp_servers as list_usable_mcp_servers
from user_client.api.skills import create_skill, get_skill, patch_skill
from user_client.models import SkillInput, SkillPatch
from user_client.types import Unset

base_url = os.environ["BASE_URL"]
slug = os.environ["SLUG"]
user = {"x_user_email": os.environ["USER_EMAIL"]}

organization_client = OrganizationClient(base_url, os.environ["ADMIN_TOKEN"])
created = create_mcp_server.sync_detailed(
    client=organization_client,
    body=McpServerInput(
        slug=slug,
        name="Weather",
        transport=McpServerInputTransport("http"),
        url="https://mcp.example.com",
        environment="staging",
        status=McpServerInputStatus("active"),
        auth=ApiKeyServerAuthInput(type_="apiKey", header="X-Key"),
        assignment=AssignmentInput(everyone=True),
    ),
)
listed = next(each for each in list_mcp_servers.sync(client=organization_client).data if each.slug == slug)
patched = patch_mcp_server.sync(slug, client=organization_client, body=McpServerPatch(environment=None))
problem = get_mcp_server.sync("missing", client=organization_client)

user_client = UserClient(base_url, os.environ["CONNECT_TOKEN"])
usable = list_usable_mcp_servers.sync(client=user_client, **user).data
skill = create_skill.sync_detailed(
    client=user_client, body=SkillInput(slug=slug, name="Review", content="# Review", description="Draft"), **user
)
patched_skill = patch_skill.sync(slug, client=user_client, body=SkillPatch(description=None), **user)
user_problem = get_skill.sync("missing", client=user_client, **user)

print(
    json.dumps(
        {
            "created": int(created.status_code),
            "everyone": listed.assignment.everyone,
            "header": listed.auth.header,
            "hasEnvironment": not isinstance(patched.environment, Unset) and bool(patched.environment),
            "problem": problem.type_,
            "isUsable": any(each.slug == slug for each in usable),
            "skillCreated": int(skill.status_code),
            "hasDescription": not isinstance(patched_skill.description, Unset) and bool(patched_skill.description),
            "userProblem": user_problem.type_,
        }
    )
)
