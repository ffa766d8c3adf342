import { auditEvents } from "../../../src/store/collections.ts";
import type { Agent, Service } from "../../support/service.ts";

/** Makes users and groups, and reads of them what tests ask for. @param opened the service and an admin of it, once they are there */
export function grouped(opened: () => { readonly service: Service; readonly admin: Agent }) {
  let number = 0;
  const aUser = async (more: object = {}): Promise<string> =>
    (
      await opened()
        .admin.post("/api/users")
        .send({ userName: `user${++number}`, ...more })
        .expect(201)
    ).body.id;
  const usersOf = (count: number) => Promise.all(Array.from({ length: count }, () => aUser()));
  const aGroup = async (members: readonly string[] = [], more: object = {}) => {
    const { body } = await opened()
      .admin.post("/api/groups")
      .send({ displayName: `Group ${++number}`, ...more })
      .expect(201);
    if (members.length > 0) await opened().admin.post(`/api/groups/${body.id}/members`).send({ members }).expect(200);
    return body as { readonly id: string; readonly displayName: string };
  };
  const membersOf = async (id: string, limit = 100): Promise<string[]> => {
    const found: string[] = [];
    for (let cursor: string | undefined; ; ) {
      const query = { limit, ...(cursor !== undefined && { cursor }) };
      const { body } = await opened().admin.get(`/api/groups/${id}/members`).query(query).expect(200);
      found.push(...body.data.map((member: { id: string }) => member.id));
      if (body.pagination.nextCursor === null) return found;
      cursor = body.pagination.nextCursor;
    }
  };
  const versionOf = async (id: string): Promise<number> =>
    (await opened().admin.get(`/api/groups/${id}`).expect(200)).body.version;
  const never = (id: string): string => id.replace(/.{10}$/, "0000000000");
  const eventsOf = async (id: string) => {
    const { service } = opened();
    const { items } = await service.store.for(service.organizationId).open(auditEvents).list({ limit: 10_000 });
    return items.filter(({ target }) => target?.id === id);
  };
  return { aUser, usersOf, aGroup, membersOf, versionOf, never, eventsOf };
}
