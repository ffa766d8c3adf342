import { auditEvents } from "../../../src/store/collections.ts";
import type { Agent, Service } from "../../support/service.ts";

/**
 * Functions that create and read users and groups.
 * @param getContext the service and an administrator's client, available once the suite has started
 */
export function createGroupHelpers(getContext: () => { readonly service: Service; readonly admin: Agent }) {
  let counter = 0;
  const createUser = async (attributes: object = {}): Promise<string> =>
    (
      await getContext()
        .admin.post("/api/users")
        .send({ userName: `user${++counter}`, ...attributes })
        .expect(201)
    ).body.id;
  const createUsers = (count: number) => Promise.all(Array.from({ length: count }, () => createUser()));
  const createGroup = async (members: readonly string[] = [], attributes: object = {}) => {
    const { body } = await getContext()
      .admin.post("/api/groups")
      .send({ displayName: `Group ${++counter}`, ...attributes })
      .expect(201);
    if (members.length > 0)
      await getContext().admin.post(`/api/groups/${body.id}/members`).send({ members }).expect(200);
    return body as { readonly id: string; readonly displayName: string };
  };
  const listMembers = async (id: string, limit = 100): Promise<string[]> => {
    const memberIds: string[] = [];
    for (let cursor: string | undefined; ; ) {
      const query = { limit, ...(cursor !== undefined && { cursor }) };
      const { body } = await getContext().admin.get(`/api/groups/${id}/members`).query(query).expect(200);
      memberIds.push(...body.data.map((member: { id: string }) => member.id));
      if (body.pagination.nextCursor === null) return memberIds;
      cursor = body.pagination.nextCursor;
    }
  };
  const getVersion = async (id: string): Promise<number> =>
    (await getContext().admin.get(`/api/groups/${id}`).expect(200)).body.version;
  const toUnknownId = (id: string): string => id.replace(/.{10}$/, "0000000000");
  const listEvents = async (id: string) => {
    const { service } = getContext();
    const { items } = await service.store.for(service.organizationId).open(auditEvents).list({ limit: 10_000 });
    return items.filter(({ target }) => target?.id === id);
  };
  return {
    createUser,
    createUsers,
    createGroup,
    listMembers,
    getVersion,
    toUnknownId,
    listEvents,
  };
}
