import { expect } from "chai";
import { SigningKey } from "../../../src/domain/connections/signing-key.ts";
import { InputRequests } from "../../../src/domain/mcp/input-requests.ts";
import { RequestStates } from "../../../src/domain/mcp/request-state.ts";
import { collections } from "../../../src/store/collections.ts";
import { openSqliteTestStore } from "../../store/sqlite/sqlite.fixture.ts";
import type { TestStore } from "../../store/test-store.fixture.ts";

describe("InputRequests for a user who is not connected to a server", () => {
  let opened: TestStore;
  let requests: InputRequests;
  before(async () => {
    opened = await openSqliteTestStore({ collections });
    requests = new InputRequests(new RequestStates(new SigningKey(opened.store, "test")));
  });
  after(() => opened.dispose());

  const subject = {
    ...{ organizationId: "org_a", userId: "usr_a", tool: "echo" },
    server: { id: "srv_a", slug: "files", url: "https://a.example" },
  };
  const connectUrl = "https://gatehouse.example/connect";
  const outcome = { kind: "fault", text: "Connect first.", cause: "no-credential", connectUrl } as const;

  it("have the page at which the user connects, if the client can open one", async () => {
    const request = await requests.create(subject, outcome, ["url"], undefined);
    expect(request)
      .to.have.nested.property("inputRequests.connect.params")
      .that.deep.includes({ mode: "url", url: connectUrl });
    expect(await requests.create(subject, outcome, ["form"], undefined)).to.equal(undefined);
    expect(await requests.create(subject, { ...outcome, connectUrl: undefined }, ["url"], undefined)).to.equal(
      undefined,
    );
  });

  it("are created once, so that a user who closes the page gets the text", async () => {
    const request = await requests.create(subject, outcome, ["url"], undefined);
    const continued = await requests.open(subject, {
      requestState: request?.requestState,
      inputResponses: { connect: {} },
    });
    expect(continued).to.have.property("requester", "service");
    expect(await requests.create(subject, outcome, ["url"], continued)).to.equal(undefined);
  });
});
