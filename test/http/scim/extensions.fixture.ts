import { type Agent, patchUrn, type Service, userUrn } from "../../support/service.ts";

/** The URNs of two extensions that the tests declare. */
export const badgeUrn = "urn:example:scim:badge:2.0:User";
export const teamUrn = "urn:ietf:params:scim:schemas:extension:acme:2.0:Group";

/** An extension of users with attributes of every type. */
export const badge = {
  resourceType: "User",
  name: "Badge",
  description: "What the door reader knows.",
  attributes: [
    { name: "number", indexed: true, description: "Printed on the badge." },
    { name: "Level", type: "integer", indexed: true },
    { name: "weight", type: "decimal" },
    { name: "active-since", type: "dateTime", indexed: true },
    { name: "isGuest", type: "boolean", indexed: true },
    { name: "code", caseExact: true },
    { name: "photo", type: "reference" },
    { name: "print", type: "binary" },
    { name: "tags", multiValued: true, indexed: true },
    { name: "serial", mutability: "immutable" },
    {
      name: "office",
      type: "complex",
      subAttributes: [{ name: "city" }, { name: "floor", type: "integer" }, { name: "key", caseExact: true }],
    },
    {
      name: "doors",
      type: "complex",
      multiValued: true,
      subAttributes: [{ name: "value" }, { name: "type" }, { name: "until", type: "dateTime" }],
    },
  ],
} as const;

/** Values of every attribute of `badge`. */
export const badgeValues = {
  number: "A-17",
  Level: 3,
  weight: 1.5,
  "active-since": "2026-01-31T09:00:00+01:00",
  isGuest: true,
  code: "aBc",
  photo: "https://photos.example/ada",
  print: "AQID",
  tags: ["Blue", "old"],
  serial: "s-1",
  office: { city: "Berlin", floor: 4, key: "K" },
  doors: [
    { value: "North", type: "main", until: "2026-06-30T22:00:00Z" },
    { value: "south", type: "side" },
  ],
};

/** An extension of groups. */
export const team = {
  resourceType: "Group",
  attributes: [
    { name: "costCenter", indexed: true },
    { name: "budget", type: "decimal" },
    { name: "sites", multiValued: true },
    { name: "founder", mutability: "immutable" },
  ],
} as const;

/** Declares an extension in the organization of the client. */
export async function declareExtension(admin: Agent, urn: string, declaration: object, status = 201): Promise<void> {
  await admin.put(`/api/scim-extensions/${urn}`).send(declaration).expect(status);
}

/** Clients of one organization: an admin and an identity provider. */
export async function extensionClients(
  service: Service,
  slug: string,
): Promise<{ organizationId: string; admin: Agent; scim: Agent }> {
  const organizationId = await service.createOrganization(slug);
  return {
    organizationId,
    admin: await service.clientWithScopes(["admin:write"], organizationId),
    scim: await service.clientWithScopes(["admin:scim"], organizationId),
  };
}

/** The requests of an identity provider. @param scim returns its client */
export function extensionRequests(scim: () => Agent) {
  let count = 0;
  const read = async (path: string) => (await scim().get(path).expect(200)).body;
  return {
    read,
    createUser: async (more: object = {}, status = 201) => {
      const sent = { schemas: [userUrn], userName: `user-${++count}@acme.example`, ...more };
      return (await scim().post("/scim/v2/Users").send(sent).expect(status)).body;
    },
    patch: async (path: string, Operations: readonly object[], status = 200) =>
      (
        await scim()
          .patch(path)
          .send({ schemas: [patchUrn], Operations })
          .expect(status)
      ).body,
    find: async (resource: string, filter: string): Promise<readonly string[]> =>
      (await read(`/scim/v2/${resource}?filter=${encodeURIComponent(filter)}`)).Resources.map(
        ({ id }: { id: string }) => id,
      ),
  };
}
