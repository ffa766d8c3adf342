import { expect } from "chai";
import { withConnection, withDatabase } from "../store/mongo-opened.ts";
import { testMongo } from "../support/mongod.ts";
import { runCli, type ServiceProcess, startProcess } from "../support/process.ts";
import { remember } from "../support/secrets.ts";
import { patchUrn, userUrn } from "../support/service.ts";

const mongo = await testMongo();
const writes = 10_000;
const lanesOfEach = 10;
const usersOfLane = 20;

interface Tenant {
  readonly secret: string;
  readonly groups: readonly string[];
  /** Who should be in which group by now: group -> members. */
  readonly expected: Map<string, Set<string>>;
}

(mongo ? describe : describe.skip)("10,000 mixed writes for two organisations through two processes", () => {
  let uri: string;
  let processes: readonly ServiceProcess[];
  const tenants: Tenant[] = [];
  before(async () => {
    uri = withDatabase(mongo?.uri ?? "", `gatehouse_mixed_${Date.now()}`);
    const one = await startProcess({ MONGODB_URI: uri });
    processes = [one, await startProcess({ MONGODB_URI: uri })];
    const environment = { MONGODB_URI: uri };
    await runCli(environment, "organization", "create", "second");
    const wanted = ["--organization", "second", "--name", "scim", "--scope", "admin:scim"];
    const second = remember((await runCli(environment, "token", "create", ...wanted)).stdout.trim());
    for (const secret of [one.firstSecret, second]) {
      const groups: string[] = [];
      for (let at = 0; at < 5; at++) groups.push(await made(secret, "Groups", { displayName: `group ${at}` }));
      tenants.push({ secret, groups, expected: new Map(groups.map((id) => [id, new Set<string>()])) });
    }
  });
  after(async () => {
    await Promise.all(processes.map((process) => process.end("SIGTERM")));
    await withConnection(uri, (connection) => connection.dropDatabase());
  });

  const anyProcess = (secret: string) => {
    const process = processes[Math.random() < 0.5 ? 0 : 1];
    if (!process) throw new Error("there are two");
    return process.with(secret);
  };
  const made = async (secret: string, kind: "Users" | "Groups", body: object): Promise<string> =>
    JSON.parse((await anyProcess(secret).post(`/scim/v2/${kind}`).send(body).expect(201)).text).id;
  const patch = (secret: string, group: string, Operations: object[]) =>
    anyProcess(secret)
      .patch(`/scim/v2/Groups/${group}`)
      .send({ schemas: [patchUrn], Operations })
      .expect(204);

  /** One client: users of its own, which it puts into and takes out of the groups that all share. */
  async function lane({ secret, groups, expected }: Tenant, name: string, count: number): Promise<void> {
    const users: string[] = [];
    for (let done = 0; done < count; done++) {
      const group = groups[Math.floor(Math.random() * groups.length)] ?? "";
      const user = users[Math.floor(Math.random() * users.length)] ?? "";
      const held = expected.get(group);
      if (users.length < usersOfLane) {
        users.push(await made(secret, "Users", { schemas: [userUrn], userName: `${name} ${done}` }));
      } else if (done % 25 === 0) {
        await patch(secret, group, [{ op: "replace", path: "externalId", value: `${name} ${done}` }]);
      } else if (held?.has(user)) {
        await patch(secret, group, [{ op: "remove", path: `members[value eq "${user}"]` }]);
        held.delete(user);
      } else {
        await patch(secret, group, [{ op: "add", path: "members", value: [{ value: user }] }]);
        held?.add(user);
      }
    }
  }

  it("are all kept, each organisation's in its own store and nowhere else", async function () {
    this.timeout(600_000);
    const each = writes / (tenants.length * lanesOfEach);
    await Promise.all(
      tenants.flatMap((tenant, at) =>
        Array.from({ length: lanesOfEach }, (_, number) => lane(tenant, `${at}-${number}`, each)),
      ),
    );
    const all = new Map<string, readonly string[]>();
    for (const { secret, groups, expected } of tenants) {
      const users = JSON.parse((await anyProcess(secret).get("/scim/v2/Users?count=0").expect(200)).text);
      expect(users.totalResults).to.equal(lanesOfEach * usersOfLane);
      for (const group of groups) {
        const { members = [] } = JSON.parse(
          (await anyProcess(secret).get(`/scim/v2/Groups/${group}`).expect(200)).text,
        );
        const ids: string[] = members.map(({ value }: { value: string }) => value);
        expect(ids).to.have.members([...(expected.get(group) ?? [])]);
        all.set(group, ids);
      }
    }
    const [first, second] = tenants;
    for (const [mine, other] of [[first, second] as const, [second, first] as const]) {
      if (!mine || !other) throw new Error("there are two");
      const own = new Set(mine.groups.flatMap((group) => all.get(group) ?? []));
      for (const group of other.groups) {
        await anyProcess(mine.secret).get(`/scim/v2/Groups/${group}`).expect(404);
        expect((all.get(group) ?? []).filter((id) => own.has(id))).to.deep.equal([]);
      }
    }
  });
});
