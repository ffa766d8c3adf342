import { expect } from "chai";
import { EffectiveAccess } from "../../../src/domain/access/effective-access.ts";
import { SigningKey } from "../../../src/domain/connections/signing-key.ts";
import { newEntity } from "../../../src/domain/entity.ts";
import { InputRequests } from "../../../src/domain/mcp/input-requests.ts";
import { RequestStates } from "../../../src/domain/mcp/request-state.ts";
import { collections } from "../../../src/store/collections.ts";
import { openSqliteTestStore } from "../../store/sqlite/sqlite.fixture.ts";
import type { TestStore } from "../../store/test-store.fixture.ts";
import { serverAt } from "../upstream/upstream.fixture.ts";

describe("InputRequests for a user who is not connected to a server", () => {
  let opened: TestStore;
  let requests: InputRequests;
  let states: RequestStates;
  before(async () => {
    opened = await openSqliteTestStore({ collections });
    states = new RequestStates(new SigningKey(opened.store, "test"));
    requests = new InputRequests(
      states,
      async (_caller, { userId }, { slug }) => `https://connect.example/${slug}/${userId}`,
    );
  });
  after(() => opened.dispose());

  const server = serverAt("https://mcp.example");
  const organizationId = server.organizationId;
  const userId = newEntity("usr", organizationId).id;
  const call = {
    caller: { organizationId, actor: { type: "operator" }, scopes: new Set<never>() },
    access: new EffectiveAccess({
      organizationId,
      userId,
      audience: [],
      policies: [],
      restriction: undefined,
    } as never),
    server,
    subject: { organizationId, userId, server, tool: "echo" },
    modes: ["form", "url"],
    continued: undefined,
  } as const;
  const outcome = { kind: "fault", text: "Connect first.", cause: "no-credential" } as const;

  it("have the page at which the user connects, if there is one and the client can open it", async () => {
    const request = await requests.create(call, outcome);
    const params = {
      mode: "url",
      message: "Connect to the MCP server jira, then continue.",
      url: `https://connect.example/jira/${userId}`,
    };
    expect(request?.inputRequests).to.deep.equal({ connect: { method: "elicitation/create", params } });
    expect(await requests.create({ ...call, modes: ["form"] }, outcome)).to.equal(undefined);
    expect(await requests.create(call, { ...outcome, cause: "timeout" })).to.equal(undefined);
    expect(await new InputRequests(states).create(call, outcome)).to.equal(undefined);
  });

  it("are created once, so that a user who closes the page gets the text", async () => {
    const request = await requests.create(call, outcome);
    const input = { requestState: request?.requestState, inputResponses: { connect: { action: "accept" } } };
    const continued = await requests.open(call.subject, input);
    expect(continued).to.have.property("requester", "service");
    expect(await requests.create({ ...call, continued }, outcome)).to.equal(undefined);
  });
});
