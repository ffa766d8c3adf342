import { once } from "node:events";
import { createServer, type RequestListener, request } from "node:http";
import type { AddressInfo } from "node:net";
import { expect } from "chai";
import express from "express";
import fc from "fast-check";
import { Memberships } from "../../../src/domain/directory/memberships.ts";
import { sendScimResponse } from "../../../src/http/scim/respond.ts";
import { assertJsonLimits } from "../../../src/http/server/json-limits.ts";
import { sendChunks } from "../../../src/http/server/send.ts";
import { expectRejection } from "../../domain/domain.fixture.ts";
import { catchAppError } from "../../scim/rejection.fixture.ts";
import { anyCharacter } from "../../support/any-character.ts";
import { countTurnsDuring } from "../../support/event-loop.ts";
import { type Agent, patchUrn, type Service, startService } from "../../support/service.ts";
import {
  type BulkResponseOperation,
  buildBulkRequest,
  createGroupOperation,
  createUserOperation,
  idFromLocation,
  patchOperation,
} from "../scim/bulk/bulk.fixture.ts";

/** One caller's request must not block other callers, neither by its body nor by its query. */
describe("Requests that could block the event loop", () => {
  let service: Service;
  let scim: Agent;
  before(async () => {
    service = await startService();
    scim = await service.clientWithScopes(["admin:scim"]);
  });
  after(() => service.dispose());

  const bulk = async (operations: readonly unknown[]): Promise<BulkResponseOperation[]> =>
    (await scim.post("/scim/v2/Bulk").send(buildBulkRequest(operations)).expect(200)).body.Operations;
  const patch = (path: string, Operations: readonly object[]) =>
    scim.patch(path).send({ schemas: [patchUrn], Operations });
  const numbers = (count: number): number[] => Array.from({ length: count }, (_, at) => at);
  const groupId = (at: number): string => `grp_${String(at).padStart(26, "0")}`;
  /** Adds each member to its group. */
  const link = (edges: readonly (readonly [member: string, group: string])[]): Promise<void> =>
    service.store.transaction(async (change) => {
      const { memberships } = change.for(service.organizationId);
      for (const [member, group] of edges) await memberships.add(group, [member]);
    });

  describe("RFC 7643 section 4.1.2: the groups of users", () => {
    it("are returned up to 100,000 in one response; beyond that, an error says how to exclude them", async () => {
      const users = (await bulk(numbers(200).map((at) => createUserOperation(`member${at}`)))).map(idFromLocation);
      const [inner = "", ...outer] = (await bulk(numbers(501).map((at) => createGroupOperation(`team${at}`)))).map(
        idFromLocation,
      );
      await link([...users.map((id) => [id, inner] as const), ...outer.map((id) => [inner, id] as const)]);
      const members = (more: object) => scim.get("/scim/v2/Users").query({ filter: 'userName sw "member"', ...more });
      const { body } = await members({ count: 200 }).expect(400);
      expect(body.scimType).to.equal("tooMany");
      expect(body.detail).to.include("excludedAttributes=groups");
      await members({ count: 200, excludedAttributes: "groups" }).expect(200);
      const { Resources } = (await members({ count: 100 }).expect(200)).body;
      expect(Resources).to.have.length(100);
      for (const { groups } of Resources) expect(groups).to.have.length(501);
    });

    it("do not prevent a change: it is made, and the response omits them", async () => {
      const [id = ""] = (await bulk([createUserOperation("everywhere")])).map(idFromLocation);
      await link(numbers(100_001).map((at) => [id, groupId(at)] as const));
      expect((await scim.get(`/scim/v2/Users/${id}`).expect(400)).body.scimType).to.equal("tooMany");
      const { body } = await patch(`/scim/v2/Users/${id}`, [{ op: "add", path: "title", value: "t" }]).expect(200);
      expect(body).to.include({ title: "t" }).and.to.not.have.property("groups");
    });

    it("are resolved through ten thousand levels, up to the limit, and yield to the event loop at each level", async () => {
      const [bottom = "", middle = ""] = (
        await bulk([createUserOperation("bottom"), createUserOperation("middle")])
      ).map(idFromLocation);
      const [top = ""] = (await bulk([createGroupOperation("top")])).map(idFromLocation);
      const chain = [bottom, ...numbers(20_001).map((at) => groupId(100_000 + at)), top];
      await link([
        ...chain.slice(1).map((group, at) => [chain[at] ?? "", group] as const),
        [middle, chain[10_000] ?? ""],
      ]);
      const groupsOf = (id: string) => new Memberships(service.store, 20_000).groupsOf(service.organizationId, [id]);
      expect((await groupsOf(middle)).get(middle)).to.deep.equal([{ id: top, displayName: "top", isDirect: false }]);
      const turns = await countTurnsDuring(async () => {
        await expectRejection(groupsOf(bottom), "query-too-expensive");
      });
      expect(turns).to.be.at.least(20_000);
    });

    it("are resolved at most as often as they can be returned, if groups contain each other in every way", async () => {
      const users = (await bulk(numbers(50).map((at) => createUserOperation(`dense${at}`)))).map(idFromLocation);
      const groups = numbers(100).map((at) => groupId(200_000 + at));
      const within = groups.flatMap((group) =>
        groups.filter((each) => each !== group).map((each) => [group, each] as const),
      );
      await link([...within, ...users.map((id, at) => [id, groups[at] ?? ""] as const)]);
      const { body } = await scim.get("/scim/v2/Users").query({ filter: 'userName sw "dense"' }).expect(400);
      expect(body.scimType).to.equal("tooMany");
    });
  });

  describe("a streamed response", () => {
    it("yields to the event loop after each chunk, however fast the client is", async () => {
      const turned: boolean[] = [];
      async function* pieces(): AsyncGenerator<string> {
        for (const _ of numbers(40)) {
          let hasTurned = false;
          setImmediate(() => {
            hasTurned = true;
          });
          yield "x".repeat(70_000);
          turned.push(hasTurned);
        }
      }
      const { text } = await requestFrom(
        "GET",
        (_req, res) => void sendChunks(res as express.Response, 200, "text/x", pieces()),
      );
      expect(text).to.have.length(40 * 70_000);
      expect(turned).to.deep.equal(Array(40).fill(true));
    });

    it("has only headers for HEAD, and computes no body (RFC 9110 section 9.3.2)", async () => {
      let created = 0;
      async function* body(): AsyncGenerator<string> {
        created++;
        yield "{}";
      }
      const app = express().use((req, res) => sendScimResponse(req, res, { status: 200, version: 7, body }));
      const { headers, text } = await requestFrom("HEAD", app);
      expect(headers).to.include({ "content-type": "application/scim+json", etag: 'W/"7"' });
      expect(headers).to.not.have.property("content-length");
      expect([text, created]).to.deep.equal(["", 0]);
      expect((await requestFrom("GET", app)).text).to.equal("{}");
      expect(created).to.equal(1);
    });

    it("returns 404 for HEAD as for GET", async () => {
      await scim.head("/scim/v2/Users/usr_none").expect(404);
      await scim.head("/scim/v2/Users").expect(200);
    });
  });

  describe("a request body", () => {
    const withKeys = (count: number): object => Object.fromEntries(numbers(count).map((at) => [`k${at}`, 1]));
    for (const [what, body, status] of [
      ["four hundred thousand keys in an object", () => JSON.stringify(withKeys(400_000)), 413],
      ["a new key in each of many objects", () => JSON.stringify(numbers(2001).map((at) => ({ [`k${at}`]: 1 }))), 413],
      ["more than three hundred thousand values", () => `{"members":[${"1,".repeat(300_000)}1]}`, 413],
      ["a key of megabytes of dots", () => JSON.stringify({ ["a.".repeat(2_400_000)]: 1 }), 400],
      ["a key of 513 characters", () => JSON.stringify({ displayName: "n", ["x".repeat(513)]: 1 }), 400],
      ["an unterminated key of megabytes", () => `{"${"x".repeat(5_000_000)}`, 400],
      [
        "megabytes of colons behind a key of a megabyte",
        () => `{"${"x".repeat(1_000_000)}"${":".repeat(4_000_000)}`,
        400,
      ],
      ["megabytes of opening brackets", () => "[".repeat(5_000_000), 400],
      ["brackets after a string that looks unterminated", () => `{"\\\\":${"[".repeat(5_000_000)}`, 400],
    ] as const) {
      it(`of ${what} is rejected with ${status} and the reason`, async () => {
        const httpResponse = scim.post("/scim/v2/Groups").set("Content-Type", "application/json").serialize(String);
        const { detail } = (await httpResponse.send(body()).expect(status)).body;
        expect(detail).to.match(/^The body (has|is) /);
      });
    }

    it("of fifty thousand members with all attributes is parsed", async () => {
      const members = numbers(50_000).map((at) => ({ value: `u${at}`, type: "User", display: "d", $ref: "r" }));
      const { body } = await scim.post("/scim/v2/Groups").send({ displayName: "many", members }).expect(400);
      expect(body).to.deep.include({ scimType: "invalidValue" });
      expect(body.detail).to.include("there is no user or group");
    });

    it("is scanned for brackets, commas and colons outside of strings only", async () => {
      const displayName = `${'"\\{[,:'.repeat(150)}\\`;
      const { body } = await scim.post("/scim/v2/Groups").send({ displayName }).expect(201);
      expect(body.displayName).to.equal(displayName);
    });

    it("is too deeply nested exactly if the parsed value is", () => {
      const nested = fc.anything({ maxDepth: 20, maxKeys: 2, values: [fc.string({ unit: anyCharacter })] });
      const deeper = fc
        .tuple(nested, fc.nat(20))
        .map(([value, more]) => numbers(more).reduce<unknown>((inner) => [inner], value));
      fc.assert(
        fc.property(deeper, (value) => {
          const text = JSON.stringify({ value });
          const act = () => assertJsonLimits(Buffer.from(text));
          if (depthOf(JSON.parse(text)) <= 16) act();
          else expect(catchAppError(act).code).to.equal("invalid-request");
        }),
      );
    });
  });

  describe("RFC 7644 section 3.5.2: a PATCH of a group", () => {
    const group = async (): Promise<string> =>
      (await bulk([createGroupOperation(`g${Math.random()}`)])).map(idFromLocation)[0] ?? "";

    it("makes at most 2,000 changes, counting paths and keys of values", async () => {
      const id = await group();
      const value = { displayName: "a", externalId: "b" };
      const operations = (count: number) => numbers(count).map(() => ({ op: "replace", value }));
      await patch(`/scim/v2/Groups/${id}`, operations(1000)).expect(204);
      const one = { op: "replace", value: { ...value, members: [] } };
      await patch(`/scim/v2/Groups/${id}`, [...operations(999), one]).expect(413);
    });

    it("has the same limit for paths in a bulk request, whatever they contain", async () => {
      const id = await group();
      for (const path of [`members[value eq "${"x".repeat(5000)}`, `members[value eq "bulkId:${"x".repeat(5000)}"]`]) {
        const [entry] = await bulk([patchOperation(`/Groups/${id}`, { op: "remove", path })]);
        expect(entry?.response).to.include({ status: "400", scimType: "invalidPath" });
      }
    });
  });
});

/** Sends one request to a listener. */
async function requestFrom(method: string, listener: RequestListener): Promise<{ headers: object; text: string }> {
  const server = createServer(listener).listen(0, "127.0.0.1");
  try {
    await once(server, "listening");
    const { port } = server.address() as AddressInfo;
    const [httpResponse] = await once(request({ host: "127.0.0.1", port, method, agent: false }).end(), "response");
    let text = "";
    for await (const chunk of httpResponse) text += chunk;
    return { headers: httpResponse.headers, text };
  } finally {
    server.close();
  }
}

const depthOf = (value: unknown): number =>
  typeof value === "object" && value !== null ? 1 + Math.max(0, ...Object.values(value).map(depthOf)) : 0;
