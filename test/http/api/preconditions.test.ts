import { expect } from "chai";
import { describeOnEngines } from "../../store/engines.fixture.ts";
import { type Agent, type Service, startService } from "../../support/service.ts";
import { resourceFixtures } from "./resources.fixture.ts";

/** What If-Match and If-None-Match promise for every resource, on every store. */
describeOnEngines("Preconditions of every /api resource (RFC 9110 section 13)", (open) => {
  let service: Service;
  let admin: Agent;
  before(async () => {
    service = await startService({ open });
    admin = await service.clientWithScopes(["admin:write"]);
  });
  after(() => service.dispose());

  for (const { path, type, keyAt, body, patch } of resourceFixtures) {
    describe(path, () => {
      let number = 0;
      const make = async (): Promise<{ url: string; named: string; at: number; etag: string }> => {
        const at = number++;
        const { body: resource, headers } = await admin.post(path).send(body(at)).expect(201);
        const named = `${path}/${encodeURIComponent(keyAt(at))}`;
        return { url: `${path}/${resource.id}`, named, at, etag: String(headers["etag"]) };
      };
      const writes = ["put", "patch", "delete"] as const;
      const sent = (method: (typeof writes)[number], at: number): object | undefined =>
        ({ put: body(at), patch, delete: undefined })[method];

      it("412: If-Match never creates a resource", async () => {
        const name = `${path}/${encodeURIComponent(keyAt(800))}`;
        for (const match of ["*", '"1"', 'W/"1"', '"1", "2"', "nonsense"]) {
          const { body: problem } = await admin.put(name).set("If-Match", match).send(body(800)).expect(412);
          expect(problem.type, match).to.match(/:precondition-failed$/);
          await admin.patch(name).set("If-Match", match).send(patch).expect(404);
          await admin.delete(name).set("If-Match", match).expect(404);
        }
        await admin.get(name).expect(404);
      });

      it("If-Match accepts the version, also weak, in a list, or *", async () => {
        for (const method of writes) {
          for (const match of [
            (tag: string) => tag,
            (tag: string) => `W/${tag}`,
            (tag: string) => `"99", ${tag}`,
            () => "*",
          ]) {
            const { url, named, at, etag } = await make();
            await admin[method](named).set("If-Match", '"99"').send(sent(method, at)).expect(412);
            await admin[method](url).set("If-Match", "1").send(sent(method, at)).expect(412);
            expect((await admin.get(url).expect(200)).headers["etag"]).to.equal(etag);
            await admin[method](url)
              .set("If-Match", match(etag))
              .send(sent(method, at))
              .expect(method === "delete" ? 204 : 200);
            if (method === "delete") await admin.get(url).expect(404);
          }
        }
      });

      it("412: If-None-Match: * never changes an existing resource", async () => {
        const { url, named, at, etag } = await make();
        for (const method of writes) {
          await admin[method](named).set("If-None-Match", "*").send(sent(method, at)).expect(412);
        }
        expect((await admin.get(url).expect(200)).headers["etag"]).to.equal(etag);
      });

      it("304: If-None-Match accepts the version, also weak, in a list, or *", async () => {
        const { url, named, etag } = await make();
        for (const held of [etag, `W/${etag}`, `"99", ${etag}`, "*"]) {
          const response = await admin.get(named).set("If-None-Match", held).expect(304);
          expect([response.text, response.headers["etag"]]).to.deep.equal(["", etag]);
        }
        await admin.get(url).set("If-None-Match", '"99"').expect(200);
      });

      it("applies one of many concurrent changes of one version, and returns 412 for the others", async () => {
        const { url, etag } = await make();
        const responses = await Promise.all(
          Array.from({ length: 8 }, () => admin.patch(url).set("If-Match", etag).send(patch)),
        );
        const statuses = responses.map(({ status }) => status).toSorted((a, b) => a - b);
        expect(statuses, type).to.deep.equal([200, ...Array(7).fill(412)]);
      });

      it("409: points at the field whose value is in use, also for PUT", async () => {
        const [first, second] = [await make(), await make()];
        const { body: problem } = await admin.post(path).send(body(first.at)).expect(409);
        const field = Object.keys(body(0))[0];
        expect(problem.errors).to.have.length(1);
        expect(problem.errors[0].pointer).to.equal(`/${field}`);
        const put = await admin.put(second.url).send(body(first.at));
        // A slug never changes: another one is rejected as such, whether or not it is in use.
        expect([put.status, put.body.errors[0].pointer]).to.deep.equal([field === "slug" ? 400 : 409, `/${field}`]);
      });
    });
  }
});
