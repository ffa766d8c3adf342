"""Lists, calls, gets a prompt, reads a resource, and calls once more after the token is revoked. Prints JSON."""

import asyncio
import json
import os
import urllib.request

URL = os.environ["MCP_URL"]
HEADERS = {"Authorization": f"Bearer {os.environ['TOKEN']}"}
MODE = os.environ["MODE"]


def revoke() -> None:
    request = urllib.request.Request(
        os.environ["REVOKE_URL"], method="DELETE", headers={"Authorization": f"Bearer {os.environ['ADMIN_TOKEN']}"}
    )
    urllib.request.urlopen(request).read()


seen: dict = {}


async def use(session, get_structured) -> None:
    seen["tools"] = [tool.name for tool in (await session.list_tools()).tools]
    seen["sum"] = get_structured(await session.call_tool("files__sum", {"a": 1, "b": 2}))
    prompt = await session.get_prompt("greet", {"who": "Ada"})
    seen["prompt"] = prompt.messages[0].content.text
    resources = (await session.list_resources()).resources
    seen["resources"] = [str(resource.uri) for resource in resources]
    seen["read"] = len((await session.read_resource(resources[0].uri)).contents)
    revoke()
    await session.call_tool("files__sum", {"a": 1, "b": 2})
    seen["afterRevocation"] = "accepted"


async def use_v1() -> None:
    from mcp import ClientSession
    from mcp.client.streamable_http import streamablehttp_client

    async with streamablehttp_client(URL, headers=HEADERS) as (read, write, _get_session_id):
        async with ClientSession(read, write) as session:
            await session.initialize()
            await use(session, lambda result: result.structuredContent)


async def use_v2() -> None:
    from mcp import Client
    from mcp.client.streamable_http import create_mcp_http_client, streamable_http_client

    transport = streamable_http_client(URL, http_client=create_mcp_http_client(headers=HEADERS))
    async with Client(transport, mode=MODE) as client:
        await use(client, lambda result: result.structured_content)


def describe(error: BaseException) -> str:
    """Version 1 ends the session with a group of errors."""
    parts = getattr(error, "exceptions", ())
    return "; ".join(map(describe, parts)) if parts else str(error)


try:
    asyncio.run(use_v1() if MODE == "v1" else use_v2())
except Exception as error:
    seen["afterRevocation"] = describe(error)
print(json.dumps(seen))
