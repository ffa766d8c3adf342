import { expect } from "chai";
import { engines } from "../../store/engines.ts";
import { type Agent, type Service, startService } from "../../support/service.ts";
import { type Resource, resources } from "./resources.ts";

/** What every resource of the organisation's view promises, on every store. */
for (const { name: engine, open } of engines) {
  describe(`The API's contract on ${engine}`, () => {
    let service: Service;
    let admin: Agent;
    let reader: Agent;
    before(async () => {
      service = await startService({ open });
      admin = await service.as(["admin:write"]);
      reader = await service.as(["admin:read"]);
    });
    after(() => service.dispose());

    for (const resource of resources) {
      describe(resource.path, () => contractOf(resource));
    }

    function contractOf({ path, type, key, body, change, wrong, block }: Resource): void {
      let number = 0;
      const make = async (): Promise<Thing> => {
        const at = number++;
        const { body: thing, headers } = await admin.post(path).send(body(at)).expect(201);
        return { ...thing, at, etag: headers["etag"] };
      };
      const at = (thing: Thing): string => `${path}/${thing.id}`;

      it("401: nobody gets in without a credential, or with one that opens nothing", async () => {
        for (const agent of [service.with(), service.with(`wxt_${"0".repeat(39)}`)]) {
          const { body: problem, headers } = await agent.get(path).expect(401);
          expect(problem.type).to.match(/:(unauthenticated|invalid-token)$/);
          expect(headers["www-authenticate"]).to.match(/^Bearer /);
          await agent.post(path).send(body(900)).expect(401);
        }
      });

      it("403: reading needs admin:read, writing admin:write, and the refusal names it", async () => {
        const thing = await make();
        for (const method of ["post", "put", "patch", "delete"] as const) {
          const url = method === "post" ? path : at(thing);
          const { body: problem } = await reader[method](url).send(change).expect(403);
          expect(problem.scopes).to.deep.equal(["admin:write"]);
        }
        await reader.get(at(thing)).expect(200);
        const scim = await service.as(["admin:scim"]);
        expect((await scim.get(path).expect(403)).body.scopes).to.deep.equal(["admin:read"]);
      });

      it("404: what is not there, and what is another organisation's, answer alike to the byte", async () => {
        const thing = await make();
        const stranger = await service.as(["admin:write"], await service.organization(`o-${type}`));
        const never = thing.id.replace(/.{10}$/, "0000000000");
        for (const method of ["get", "put", "patch", "delete"] as const) {
          const [theirs, missing] = await Promise.all(
            [thing.id, never].map((id) =>
              stranger[method](`${path}/${id}`)
                .set("X-Request-Id", "same")
                .send(method === "put" ? body(thing.at) : change),
            ),
          );
          expect(theirs?.status, method).to.equal(404);
          expect(theirs?.text).to.equal(missing?.text);
        }
        await admin.get(at(thing)).expect(200);
      });

      it("400: names the field by its JSON pointer; unknown fields too; nothing is made", async () => {
        const first = await admin.post(path).send(wrong.body).expect(400);
        expect(first.body.errors.map(({ pointer }: { pointer: string }) => pointer)).to.deep.equal([wrong.pointer]);
        const second = await admin
          .post(path)
          .send({ ...body(901), colour: "red" })
          .expect(400);
        expect(second.body.errors[0].pointer).to.equal("/colour");
        await admin.get(`${path}/${encodeURIComponent(key(901))}`).expect(404);
        expect((await admin.get(path).query({ colour: "red" }).expect(400)).body.errors[0].pointer).to.equal("/colour");
      });

      it("409: a key is taken once", async () => {
        const thing = await make();
        const { body: problem } = await admin.post(path).send(body(thing.at)).expect(409);
        expect(problem.type).to.match(/:conflict$/);
        expect(problem.errors).to.have.length(1);
      });

      if (block) {
        it("409: what is still named by others is not deleted; the refusal says by what", async () => {
          const thing = await make();
          const name = await block(admin, thing);
          const { body: problem } = await admin.delete(at(thing)).expect(409);
          expect(problem.type).to.match(/:referenced$/);
          expect(problem.blockers).to.have.length(1);
          const [blocker] = problem.blockers;
          const found = await reader.get(
            blocker.kind === "policy" ? `/api/policies/${blocker.id}` : `/api/toolkits/${blocker.id}`,
          );
          expect([blocker.name, found.status, found.body.name]).to.deep.equal([name, 200, name]);
          await admin.get(at(thing)).expect(200);
        });
      }

      it("412: a change of another version than the one that was read is refused, and changes nothing", async () => {
        const thing = await make();
        const changed = await admin.patch(at(thing)).set("If-Match", thing.etag).send(change).expect(200);
        expect(changed.headers["etag"]).to.not.equal(thing.etag);
        for (const method of ["put", "patch", "delete"] as const) {
          await admin[method](at(thing))
            .set("If-Match", thing.etag)
            .send(method === "put" ? body(thing.at) : change)
            .expect(412);
        }
        await admin
          .put(`${path}/${encodeURIComponent(key(thing.at))}`)
          .set("If-None-Match", "*")
          .send(body(thing.at))
          .expect(412);
        expect((await admin.get(at(thing)).expect(200)).headers["etag"]).to.equal(changed.headers["etag"]);
      });

      it("304: who holds the newest version is told so", async () => {
        const thing = await make();
        const { text } = await reader.get(at(thing)).set("If-None-Match", thing.etag).expect(304);
        expect(text).to.equal("");
        await admin.patch(at(thing)).send(change).expect(200);
        await reader.get(at(thing)).set("If-None-Match", thing.etag).expect(200);
      });

      it("GET to PUT and back changes nothing; neither does PUT by the natural key", async () => {
        const thing = await make();
        const before = await admin.get(at(thing)).expect(200);
        for (const name of [thing.id, key(thing.at)]) {
          const after = await admin
            .put(`${path}/${encodeURIComponent(name)}`)
            .send(before.body)
            .expect(200);
          expect(after.body).to.deep.equal(before.body);
          expect(after.headers["etag"]).to.equal(before.headers["etag"]);
        }
      });

      it("PUT by the natural key makes what is not there, then puts other content in its place", async () => {
        const at = number++;
        const url = `${path}/${encodeURIComponent(key(at))}`;
        const made = await admin.put(url).set("If-None-Match", "*").send(body(at)).expect(201);
        expect(made.headers["location"]).to.equal(`https://gatehouse.example${path}/${made.body.id}`);
        await admin.patch(url).send(change).expect(200);
        const put = await admin.put(url).send(body(at)).expect(200);
        expect(contentOf(put.body)).to.deep.equal(contentOf(made.body));
        expect(put.body.id).to.equal(made.body.id);
      });

      it("PATCH merges, and takes away what is null", async () => {
        const thing = await make();
        const { body: patched } = await admin
          .patch(at(thing))
          .set("Content-Type", "application/merge-patch+json")
          .send(JSON.stringify(change))
          .expect(200);
        for (const [name, value] of Object.entries(change)) {
          if (value === null) expect(patched).to.not.have.property(name);
          else if (typeof value === "object") expect(patched[name]).to.deep.include(value as object);
          else expect(patched[name]).to.equal(value);
        }
        expect((await reader.get(at(thing)).expect(200)).body).to.deep.equal(patched);
      });

      it("pages to the end without loss or repetition while others write", async () => {
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
        const foreign = await service.as(["admin:read"], await service.organization(`p-${type}`));
        const { body: first } = await reader.get(path).query({ limit: 1 }).expect(200);
        await foreign.get(path).query({ cursor: first.pagination.nextCursor }).expect(400);
        for (const limit of ["0", "101", "1.5", "many"]) await reader.get(path).query({ limit }).expect(400);
      });

      it("DELETE is final: the next GET is 404, the key is free again", async () => {
        const thing = await make();
        await admin.delete(at(thing)).expect(204);
        await admin.get(at(thing)).expect(404);
        await admin.delete(at(thing)).expect(404);
        await admin.post(path).send(body(thing.at)).expect(201);
      });

      it("each change leaves one audit event with who, what, before and after; what changes nothing leaves none", async () => {
        const thing = await make();
        await admin.patch(at(thing)).send(change).expect(200);
        await admin.patch(at(thing)).send(change).expect(200);
        await admin.delete(at(thing)).expect(204);
        const { body: page } = await reader.get("/api/audit-events").query({ targetId: thing.id }).expect(200);
        const events = page.data.toReversed() as {
          action: string;
          actor: { type: string };
          outcome: string;
          before?: object;
          after?: object;
        }[];
        expect(events.map(({ action }) => action)).to.deep.equal([
          `${type}.create`,
          `${type}.update`,
          `${type}.delete`,
        ]);
        for (const event of events) expect(event).to.deep.include({ outcome: "success" });
        expect(events.map(({ actor }) => actor.type)).to.deep.equal(["token", "token", "token"]);
        expect(events[1]?.before).to.not.deep.equal(events[1]?.after);
        expect(events[2]?.before).to.deep.equal(events[1]?.after);
      });
    }
  });
}

interface Thing {
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
