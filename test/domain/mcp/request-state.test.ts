import { expect } from "chai";
import { SigningKey } from "../../../src/domain/connections/signing-key.ts";
import { RequestStates } from "../../../src/domain/mcp/request-state.ts";
import { collections } from "../../../src/store/collections.ts";
import { openSqliteTestStore } from "../../store/sqlite/sqlite.fixture.ts";
import type { TestStore } from "../../store/test-store.fixture.ts";

describe("RequestStates", () => {
  let opened: TestStore;
  before(async () => {
    opened = await openSqliteTestStore({ collections });
  });
  after(() => opened.dispose());

  const subject = {
    ...{ organizationId: "org_a", userId: "usr_a", tool: "echo" },
    server: { id: "srv_a", slug: "files", url: "https://a.example" },
  };

  it("return what was sealed, also with another instance, for one hour", async () => {
    let now = 1_000_000;
    const create = (): RequestStates => new RequestStates(new SigningKey(opened.store, "test"), () => now);
    for (const content of [
      { requester: "server", serverState: "ünïcode \0 state" },
      { requester: "service", serverState: undefined },
    ] as const) {
      const state = await create().seal(subject, content);
      expect(state).to.match(/^[\w.-]+$/);
      now += 3_599_999;
      expect(await create().open(subject, state)).to.deep.equal(content);
      now += 1;
      expect(await create().open(subject, state)).to.equal(undefined);
    }
  });

  it("belong to the URL of the server, because another one must not receive them", async () => {
    const states = new RequestStates(new SigningKey(opened.store, "test"));
    const state = await states.seal(subject, { requester: "server", serverState: "x" });
    const moved = { ...subject, server: { ...subject.server, url: "https://b.example" } };
    expect(await states.open(moved, state)).to.equal(undefined);
    expect(await states.open(subject, state)).to.have.property("serverState", "x");
  });
});
