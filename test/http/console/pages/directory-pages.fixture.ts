import type { PreparePages } from "./console-page.fixture.ts";

/** Creates a group with one member. */
export const prepareDirectoryPages: PreparePages = async ({ admin, user, goTo }) => {
  const { body: group } = await admin.post("/api/groups").send({ displayName: "Engineering" });
  await admin.put(`/api/groups/${group.id}/members`).send({ members: [user.id] });
  await admin.put(`/scim/v2/Users/${user.id}`).send({
    ...{
      userName: user.userName,
      displayName: "Ada Lovelace",
      title: "Countess",
      emails: [{ value: "ada@work.example" }],
    },
  });
  await admin.put(`/scim/v2/Users/${user.id}`).send({
    ...{
      userName: user.userName,
      displayName: "A. Lovelace",
      nickName: "ada",
      emails: [{ value: "ada@home.example" }],
    },
  });
  const { body: events } = await admin.get("/api/audit-events").query({ targetId: user.id });
  return [
    { title: "users", visit: goTo("/users") },
    { title: "user", visit: goTo(`/users/${user.id}`) },
    { title: "groups", visit: goTo("/groups") },
    { title: "group", visit: goTo(`/groups/${group.id}`) },
    { title: "audit", visit: goTo("/audit") },
    { title: "audit-event", visit: goTo(`/audit/${events.data[0].id}`) },
  ];
};
