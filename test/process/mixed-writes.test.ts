import { expect } from "chai";
import { withConnection, withDatabase } from "../store/mongodb/mongodb.fixture.ts";
import { describeOnMongod } from "../support/mongod.ts";
import { runCli, type ServiceProcess, startProcess } from "../support/process.ts";
import { repetitionsOf } from "../support/repetitions.ts";
import { trackSecret } from "../support/secrets.ts";
import { patchUrn, userUrn } from "../support/service.ts";

const writesPerClient = repetitionsOf(500);
const clientsPerTenant = 10;
const usersPerClient = 20;

interface Tenant {
  readonly secret: string;
  readonly groups: readonly string[];
  /** The members that each group should have: group id -> user ids. */
  readonly expected: Map<string, Set<string>>;
}

describeOnMongod("Thousands of mixed writes for two organizations through two processes", (server) => {
  let uri: string;
  let processes: readonly ServiceProcess[];
  const tenants: Tenant[] = [];
  before(async () => {
    uri = withDatabase(server(), `gatehouse_mixed_${Date.now()}`);
    const one = await startProcess({ MONGODB_URI: uri });
    processes = [one, await startProcess({ MONGODB_URI: uri })];
    const environment = { MONGODB_URI: uri };
    await runCli(environment, "organization", "create", "second");
    const tokenArguments = ["--organization", "second", "--name", "scim", "--scope", "admin:scim"];
    const second = trackSecret((await runCli(environment, "token", "create", ...tokenArguments)).stdout.trim());
    for (const secret of [one.firstSecret, second]) {
      const groups: string[] = [];
      for (let at = 0; at < 5; at++) groups.push(await create(secret, "Groups", { displayName: `group ${at}` }));
      tenants.push({ secret, groups, expected: new Map(groups.map((id) => [id, new Set<string>()])) });
    }
  });
  after(async () => {
    await Promise.all(processes.map((process) => process.stop("SIGTERM")));
    await withConnection(uri, (connection) => connection.dropDatabase());
  });

  const anyProcess = (secret: string) => {
    const process = processes[Math.random() < 0.5 ? 0 : 1];
    if (!process) throw new Error("expected two");
    return process.clientWithSecret(secret);
  };
  const create = async (secret: string, kind: "Users" | "Groups", body: object): Promise<string> =>
    JSON.parse((await anyProcess(secret).post(`/scim/v2/${kind}`).send(body).expect(201)).text).id;
  const patch = (secret: string, group: string, Operations: object[]) =>
    anyProcess(secret)
      .patch(`/scim/v2/Groups/${group}`)
      .send({ schemas: [patchUrn], Operations })
      .expect(204);

  /** Runs one client. It creates its own users, and adds them to and removes them from the groups that all clients share. */
  async function runClient({ secret, groups, expected }: Tenant, name: string, count: number): Promise<void> {
    const users: string[] = [];
    for (let done = 0; done < count; done++) {
      const group = groups[Math.floor(Math.random() * groups.length)] ?? "";
      const user = users[Math.floor(Math.random() * users.length)] ?? "";
      const members = expected.get(group);
      if (users.length < usersPerClient) {
        users.push(await create(secret, "Users", { schemas: [userUrn], userName: `${name} ${done}` }));
      } else if (done % 25 === 0) {
        await patch(secret, group, [{ op: "replace", path: "externalId", value: `${name} ${done}` }]);
      } else if (members?.has(user)) {
        await patch(secret, group, [{ op: "remove", path: `members[value eq "${user}"]` }]);
        members.delete(user);
      } else {
        await patch(secret, group, [{ op: "add", path: "members", value: [{ value: user }] }]);
        members?.add(user);
      }
    }
  }

  it("keeps all writes and separates the organizations", async function () {
    this.timeout(600_000);
    await Promise.all(
      tenants.flatMap((tenant, at) =>
        Array.from({ length: clientsPerTenant }, (_, number) => runClient(tenant, `${at}-${number}`, writesPerClient)),
      ),
    );
    const membersByGroup = new Map<string, readonly string[]>();
    for (const { secret, groups, expected } of tenants) {
      const users = JSON.parse((await anyProcess(secret).get("/scim/v2/Users?count=0").expect(200)).text);
      expect(users.totalResults).to.equal(clientsPerTenant * usersPerClient);
      for (const group of groups) {
        const { members = [] } = JSON.parse(
          (await anyProcess(secret).get(`/scim/v2/Groups/${group}`).expect(200)).text,
        );
        const ids: string[] = members.map(({ value }: { value: string }) => value);
        expect(ids).to.have.members([...(expected.get(group) ?? [])]);
        membersByGroup.set(group, ids);
      }
    }
    const [first, second] = tenants;
    for (const [tenant, otherTenant] of [[first, second] as const, [second, first] as const]) {
      if (!tenant || !otherTenant) throw new Error("expected two");
      const ownMembers = new Set(tenant.groups.flatMap((group) => membersByGroup.get(group) ?? []));
      for (const group of otherTenant.groups) {
        await anyProcess(tenant.secret).get(`/scim/v2/Groups/${group}`).expect(404);
        expect((membersByGroup.get(group) ?? []).filter((id) => ownMembers.has(id))).to.deep.equal([]);
      }
    }
  });
});
