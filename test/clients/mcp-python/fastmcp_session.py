"""Uses a server as FastMCP's client does, exceeds the rate limit, and calls after a revocation. Prints JSON."""

import asyncio
import json
import os
import urllib.request

from fastmcp import Client
from fastmcp.client.transports import StreamableHttpTransport
from fastmcp.skills import SkillsClientExtension

TOKEN = os.environ["TOKEN"]
seen: dict = {}


def revoke() -> None:
    request = urllib.request.Request(
        os.environ["REVOKE_URL"], method="DELETE", headers={"Authorization": f"Bearer {os.environ['ADMIN_TOKEN']}"}
    )
    urllib.request.urlopen(request).read()


async def describe_error(work) -> str:
    try:
        await work
    except Exception as error:
        return str(error)
    return "accepted"


async def main() -> None:
    transport = StreamableHttpTransport(os.environ["MCP_URL"], headers={"Authorization": f"Bearer {TOKEN}"})
    async with Client(transport, extensions=[SkillsClientExtension()]) as client:
        seen["tools"] = [tool.name for tool in await client.list_tools()]
        seen["sum"] = (await client.call_tool("files__sum", {"a": 1, "b": 2})).structured_content
        seen["names"] = (await client.call_tool("files__names", {})).structured_content
        seen["prompt"] = (await client.get_prompt("greet", {"who": "Ada"})).messages[0].content.text
        resources = await client.list_resources()
        seen["read"] = len(await client.read_resource(resources[0].uri))
        skills = await client.list_skills()
        seen["skills"] = [str(skill.uri) for skill in skills]
        skill = await client.read_skill(skills[0].uri)
        seen["skill"] = skill.frontmatter.root
        for _ in range(40):
            seen["overLimit"] = await describe_error(client.call_tool("files__sum", {"a": 1, "b": 2}))
            if seen["overLimit"] != "accepted":
                break
        seen["toolsOverLimit"] = len(await client.list_tools())
        revoke()
        seen["afterRevocation"] = await describe_error(client.call_tool("files__sum", {"a": 1, "b": 2}))


asyncio.run(main())
print(json.dumps(seen))
