import { expect } from "chai";
import { engines } from "../../store/engines.ts";
import { type Agent, type Service, startService } from "../../support/service.ts";
import { resources } from "./resources.ts";

/** RFC 9110 section 13: what If-Match and If-None-Match promise of every resource, on every store. */
for (const { name: engine, open } of engines) {
  describe(`The API's preconditions on ${engine}`, () => {
    let service: Service;
    let admin: Agent;
    before(async () => {
      service = await startService({ open });
      admin = await service.as(["admin:write"]);
    });
    after(() => service.dispose());

    for (const { path, type, key, body, change } of resources) {
      describe(path, () => {
        let number = 0;
        const make = async (): Promise<{ url: string; named: string; at: number; etag: string }> => {
          const at = number++;
          const { body: thing, headers } = await admin.post(path).send(body(at)).expect(201);
          const named = `${path}/${encodeURIComponent(key(at))}`;
          return { url: `${path}/${thing.id}`, named, at, etag: String(headers["etag"]) };
        };
        const writes = ["put", "patch", "delete"] as const;
        const sent = (method: (typeof writes)[number], at: number): object | undefined =>
          ({ put: body(at), patch: change, delete: undefined })[method];

        it("412 If-Match of any kind makes nothing of a name that nothing has", async () => {
          const name = `${path}/${encodeURIComponent(key(800))}`;
          for (const match of ["*", '"1"', 'W/"1"', '"1", "2"', "nonsense"]) {
            const { body: problem } = await admin.put(name).set("If-Match", match).send(body(800)).expect(412);
            expect(problem.type, match).to.match(/:precondition-failed$/);
            await admin.patch(name).set("If-Match", match).send(change).expect(404);
            await admin.delete(name).set("If-Match", match).expect(404);
          }
          await admin.get(name).expect(404);
        });

        it("If-Match takes the version, weak too, one of several, or any; only then is there a change", async () => {
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

        it("412 If-None-Match: * changes nothing that is there", async () => {
          const { url, named, at, etag } = await make();
          for (const method of writes) {
            await admin[method](named).set("If-None-Match", "*").send(sent(method, at)).expect(412);
          }
          expect((await admin.get(url).expect(200)).headers["etag"]).to.equal(etag);
        });

        it("304 for the version that is held, weak too, one of several, or any", async () => {
          const { url, named, etag } = await make();
          for (const held of [etag, `W/${etag}`, `"99", ${etag}`, "*"]) {
            const answer = await admin.get(named).set("If-None-Match", held).expect(304);
            expect([answer.text, answer.headers["etag"]]).to.deep.equal(["", etag]);
          }
          await admin.get(url).set("If-None-Match", '"99"').expect(200);
        });

        it("one of many changes of one version comes through; the others are told 412", async () => {
          const { url, etag } = await make();
          const answers = await Promise.all(
            Array.from({ length: 8 }, () => admin.patch(url).set("If-Match", etag).send(change)),
          );
          const statuses = answers.map(({ status }) => status).toSorted((a, b) => a - b);
          expect(statuses, type).to.deep.equal([200, ...Array(7).fill(412)]);
        });

        it("409 of a key that is taken points at the field that has it, by PUT too", async () => {
          const [first, second] = [await make(), await make()];
          const { body: problem } = await admin.post(path).send(body(first.at)).expect(409);
          const field = Object.keys(body(0))[0];
          expect(problem.errors).to.have.length(1);
          expect(problem.errors[0].pointer).to.equal(`/${field}`);
          const put = await admin.put(second.url).send(body(first.at));
          // A slug never changes: another one is refused as such, whether somebody has it or not.
          expect([put.status, put.body.errors[0].pointer]).to.deep.equal([field === "slug" ? 400 : 409, `/${field}`]);
        });
      });
    }
  });
}
