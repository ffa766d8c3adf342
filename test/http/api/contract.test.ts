import { expect } from "chai";
import { describeOnEngines } from "../../store/engines.fixture.ts";
import { type Agent, type Service, startService } from "../../support/service.ts";
import { type ResourceFixture, resourceFixtures } from "./resources.fixture.ts";

/** What every resource promises in the organization's view, on every store. */
describeOnEngines("Contract of every /api resource", (open) => {
  let service: Service;
  let admin: Agent;
  let reader: Agent;
  before(async () => {
    service = await startService({ open });
    admin = await service.clientWithScopes(["admin:write"]);
    reader = await service.clientWithScopes(["admin:read"]);
  });
  after(() => service.dispose());

  for (const resource of resourceFixtures) {
    describe(resource.path, () => contractOf(resource));
  }

  function contractOf({ path, type, keyAt, body, patch, invalid, addReference }: ResourceFixture): void {
    let number = 0;
    const make = async (): Promise<CreatedResource> => {
      const at = number++;
      const { body: item, headers } = await admin.post(path).send(body(at)).expect(201);
      return { ...item, at, etag: headers["etag"] };
    };
    const at = (item: CreatedResource): string => `${path}/${item.id}`;

    it("401: rejects a missing or invalid credential", async () => {
      for (const agent of [service.clientWithSecret(), service.clientWithSecret(`wxt_${"0".repeat(39)}`)]) {
        const { body: problem, headers } = await agent.get(path).expect(401);
        expect(problem.type).to.match(/:(unauthenticated|invalid-token)$/);
        expect(headers["www-authenticate"]).to.match(/^Bearer /);
        await agent.post(path).send(body(900)).expect(401);
      }
    });

    it("403: requires admin:read to read and admin:write to write, and names the scope", async () => {
      const item = await make();
      for (const method of ["post", "put", "patch", "delete"] as const) {
        const url = method === "post" ? path : at(item);
        const { body: problem } = await reader[method](url).send(patch).expect(403);
        expect(problem.scopes).to.deep.equal(["admin:write"]);
      }
      await reader.get(at(item)).expect(200);
      const scim = await service.clientWithScopes(["admin:scim"]);
      expect((await scim.get(path).expect(403)).body.scopes).to.deep.equal(["admin:read"]);
    });

    it("404: returns the same response for an unknown resource and for one of another organization", async () => {
      const item = await make();
      const stranger = await service.clientWithScopes(["admin:write"], await service.createOrganization(`o-${type}`));
      const never = item.id.replace(/.{10}$/, "0000000000");
      for (const method of ["get", "put", "patch", "delete"] as const) {
        const [theirs, missing] = await Promise.all(
          [item.id, never].map((id) =>
            stranger[method](`${path}/${id}`)
              .set("X-Request-Id", "same")
              .send(method === "put" ? body(item.at) : patch),
          ),
        );
        expect(theirs?.status, method).to.equal(404);
        expect(theirs?.text).to.equal(missing?.text);
      }
      await admin.get(at(item)).expect(200);
    });

    it("400: names each invalid or unknown field by its JSON pointer, and creates nothing", async () => {
      const first = await admin.post(path).send(invalid.body).expect(400);
      expect(first.body.errors.map(({ pointer }: { pointer: string }) => pointer)).to.deep.equal([invalid.pointer]);
      const second = await admin
        .post(path)
        .send({ ...body(901), color: "red" })
        .expect(400);
      expect(second.body.errors[0].pointer).to.equal("/color");
      await admin.get(`${path}/${encodeURIComponent(keyAt(901))}`).expect(404);
      expect((await admin.get(path).query({ color: "red" }).expect(400)).body.errors[0].pointer).to.equal("/color");
    });

    it("409: rejects a natural key that is in use", async () => {
      const item = await make();
      const { body: problem } = await admin.post(path).send(body(item.at)).expect(409);
      expect(problem.type).to.match(/:conflict$/);
      expect(problem.errors).to.have.length(1);
    });

    if (addReference) {
      it("409: rejects the deletion of a referenced resource, and names the blockers", async () => {
        const item = await make();
        const name = await addReference(admin, item);
        const { body: problem } = await admin.delete(at(item)).expect(409);
        expect(problem.type).to.match(/:referenced$/);
        expect(problem.blockers).to.have.length(1);
        const [blocker] = problem.blockers;
        const blockingResource = await reader.get(
          blocker.type === "policy" ? `/api/policies/${blocker.id}` : `/api/toolkits/${blocker.id}`,
        );
        expect([blocker.name, blockingResource.status, blockingResource.body.name]).to.deep.equal([name, 200, name]);
        await admin.get(at(item)).expect(200);
      });

      it("204: removes the references as well with ?detach=true, and records each changed resource", async () => {
        const item = await make();
        await addReference(admin, item);
        const { blockers } = (await admin.delete(at(item)).expect(409)).body;
        const [{ type: blockerType, id }] = blockers;
        const blockingPath = blockerType === "policy" ? `/api/policies/${id}` : `/api/toolkits/${id}`;
        const { body: before } = await reader.get(blockingPath);
        await admin.delete(at(item)).query({ detach: true }).expect(204);
        await admin.get(at(item)).expect(404);
        const { body: after } = await reader.get(blockingPath).expect(200);
        expect(after.version).to.equal(before.version + 1);
        const reference = item.slug ?? item.id;
        expect(JSON.stringify(before)).to.contain(JSON.stringify(reference));
        expect(JSON.stringify(after)).to.not.contain(JSON.stringify(reference));
        const { body: events } = await reader.get("/api/audit-events").query({ targetId: id, limit: 1 }).expect(200);
        expect(events.data[0]).to.deep.include({ action: `${blockerType}.update` });
        expect(events.data[0].details.detached).to.match(new RegExp(`:${reference}$`));
      });
    }

    it("412: rejects a change of an outdated version, and changes nothing", async () => {
      const item = await make();
      const changed = await admin.patch(at(item)).set("If-Match", item.etag).send(patch).expect(200);
      expect(changed.headers["etag"]).to.not.equal(item.etag);
      for (const method of ["put", "patch", "delete"] as const) {
        await admin[method](at(item))
          .set("If-Match", item.etag)
          .send(method === "put" ? body(item.at) : patch)
          .expect(412);
      }
      await admin
        .put(`${path}/${encodeURIComponent(keyAt(item.at))}`)
        .set("If-None-Match", "*")
        .send(body(item.at))
        .expect(412);
      expect((await admin.get(at(item)).expect(200)).headers["etag"]).to.equal(changed.headers["etag"]);
    });

    it("304: returns no body if the client has the current version", async () => {
      const item = await make();
      const { text } = await reader.get(at(item)).set("If-None-Match", item.etag).expect(304);
      expect(text).to.equal("");
      await admin.patch(at(item)).send(patch).expect(200);
      await reader.get(at(item)).set("If-None-Match", item.etag).expect(200);
    });

    it("PUT of what GET returned changes nothing, by id and by natural key", async () => {
      const item = await make();
      const before = await admin.get(at(item)).expect(200);
      for (const name of [item.id, keyAt(item.at)]) {
        const after = await admin
          .put(`${path}/${encodeURIComponent(name)}`)
          .send(before.body)
          .expect(200);
        expect(after.body).to.deep.equal(before.body);
        expect(after.headers["etag"]).to.equal(before.headers["etag"]);
      }
    });

    it("PUT by natural key creates, then replaces", async () => {
      const at = number++;
      const url = `${path}/${encodeURIComponent(keyAt(at))}`;
      const created = await admin.put(url).set("If-None-Match", "*").send(body(at)).expect(201);
      expect(created.headers["location"]).to.equal(`https://gatehouse.example${path}/${created.body.id}`);
      await admin.patch(url).send(patch).expect(200);
      const put = await admin.put(url).send(body(at)).expect(200);
      expect(contentOf(put.body)).to.deep.equal(contentOf(created.body));
      expect(put.body.id).to.equal(created.body.id);
    });

    it("PATCH merges, and removes fields that are null", async () => {
      const item = await make();
      const { body: patched } = await admin
        .patch(at(item))
        .set("Content-Type", "application/merge-patch+json")
        .send(JSON.stringify(patch))
        .expect(200);
      for (const [name, value] of Object.entries(patch)) {
        if (value === null) expect(patched).to.not.have.property(name);
        else if (typeof value === "object") expect(patched[name]).to.deep.include(value as object);
        else expect(patched[name]).to.equal(value);
      }
      expect((await reader.get(at(item)).expect(200)).body).to.deep.equal(patched);
    });

    it("pages without loss or repetition during concurrent writes", async () => {
      const stay = await Promise.all(Array.from({ length: 7 }, make));
      const gone = await make();
      const seen: string[] = [];
      let cursor: string | null = null;
      do {
        const { body: page }: { body: Page } = await reader
          .get(path)
          .query({ limit: 3, ...(cursor !== null && { cursor }) })
          .expect(200);
        seen.push(...page.data.map(({ id }) => id));
        expect(page.pagination).to.deep.include({ limit: 3, hasMore: page.pagination.nextCursor !== null });
        cursor = page.pagination.nextCursor;
        if (seen.length === 3) await Promise.all([make(), admin.delete(at(gone)).expect(204)]);
      } while (cursor !== null);
      expect(new Set(seen).size).to.equal(seen.length);
      expect(seen).to.include.members(stay.map(({ id }) => id));
      const foreign = await service.clientWithScopes(["admin:read"], await service.createOrganization(`p-${type}`));
      const { body: first } = await reader.get(path).query({ limit: 1 }).expect(200);
      await foreign.get(path).query({ cursor: first.pagination.nextCursor }).expect(400);
      for (const limit of ["0", "101", "1.5", "many"]) await reader.get(path).query({ limit }).expect(400);
    });

    it("DELETE is final: GET returns 404, and the natural key is free again", async () => {
      const item = await make();
      await admin.delete(at(item)).expect(204);
      await admin.get(at(item)).expect(404);
      await admin.delete(at(item)).expect(404);
      await admin.post(path).send(body(item.at)).expect(201);
    });

    it("records one audit event for each change, with actor, before and after, and none if nothing changed", async () => {
      const item = await make();
      await admin.patch(at(item)).send(patch).expect(200);
      await admin.patch(at(item)).send(patch).expect(200);
      await admin.delete(at(item)).expect(204);
      const { body: page } = await reader.get("/api/audit-events").query({ targetId: item.id }).expect(200);
      const events = page.data.toReversed() as {
        action: string;
        actor: { type: string };
        outcome: string;
        before?: object;
        after?: object;
      }[];
      expect(events.map(({ action }) => action)).to.deep.equal([`${type}.create`, `${type}.update`, `${type}.delete`]);
      for (const event of events) expect(event).to.deep.include({ outcome: "success" });
      expect(events.map(({ actor }) => actor.type)).to.deep.equal(["token", "token", "token"]);
      expect(events[1]?.before).to.not.deep.equal(events[1]?.after);
      expect(events[2]?.before).to.deep.equal(events[1]?.after);
    });
  }
});

interface CreatedResource {
  readonly id: string;
  readonly slug: string;
  readonly at: number;
  readonly etag: string;
}

interface Page {
  readonly data: readonly { readonly id: string }[];
  readonly pagination: { readonly nextCursor: string | null; readonly hasMore: boolean; readonly limit: number };
}

function contentOf({ id: _, version: _v, createdAt: _c, updatedAt: _u, ...content }: Record<string, unknown>): object {
  return content;
}
