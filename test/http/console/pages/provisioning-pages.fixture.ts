import { ActivityCounter } from "../../../../src/domain/activity/activity-counter.ts";
import type { Service } from "../../../support/service.ts";
import { waitForLoggedRequest } from "../logged-request.fixture.ts";
import type { PreparePages } from "./console-page.fixture.ts";

/** Sends requests like those of an identity provider: accepted, rejected, with ignored attributes and in bulk. */
export const prepareProvisioningPages: PreparePages = async ({ service, admin, goTo }) => {
  await countActivity(service);
  const okta = await service.issueToken({ name: "Okta <Staging>", type: "scim", scopes: ["admin:scim"] });
  const entra = await service.issueToken({ name: "Entra ID", type: "scim", scopes: ["admin:scim"] });
  const scim = service.clientWithSecret(okta.secret);
  await scim.get("/scim/v2/Users").query({ startIndex: 1, count: 2 }).expect(200);
  const { body: user } = await scim
    .post("/scim/v2/Users")
    .send({ userName: "grace@example.com", favoriteColor: "green", "urn:example:badge": { number: 7 } })
    .expect(201);
  const rejected = await scim
    .patch(`/scim/v2/Users/${user.id}`)
    .send({
      schemas: ["urn:ietf:params:scim:api:messages:2.0:PatchOp"],
      Operations: [
        { op: "replace", path: "displayName", value: "Grace" },
        { op: "replace", path: "active", value: "perhaps" },
      ],
    })
    .expect(400);
  await service.clientWithSecret("wxt_mistyped").get("/scim/v2/Users").expect(401);
  const { body: extension } = await admin.put("/api/scim-extensions/urn:example:scim:2.0:Badge").send({
    resourceType: "User",
    description: "The badge of an employee.",
    attributes: [
      { name: "number", indexed: true },
      { name: "buildings", multiValued: true },
    ],
  });
  const request = await waitForLoggedRequest(admin, rejected.headers["x-request-id"]);
  return [
    { title: "provisioning", visit: goTo("/provisioning") },
    { title: "requests", visit: goTo("/provisioning/requests") },
    { title: "requests-none", visit: goTo("/provisioning/requests?user=nobody") },
    { title: "request", visit: goTo(`/provisioning/requests/${request}`) },
    { title: "live-waiting", visit: goTo(`/provisioning/live?token=${entra.id}`) },
    { title: "live-arrived", visit: goTo(`/provisioning/live?token=${okta.id}&since=0`) },
    { title: "extensions", visit: goTo("/provisioning/extensions") },
    { title: "extension", visit: goTo(`/provisioning/extensions/${extension.id}`) },
    { title: "extension-edit", visit: goTo(`/provisioning/extensions/${extension.id}/edit`) },
    { title: "extension-delete", visit: goTo(`/provisioning/extensions/${extension.id}/delete`) },
    { title: "extension-create", visit: goTo("/provisioning/extensions/new") },
    {
      title: "extension-invalid",
      visit: async (page) => {
        await page.getByLabel("URN").fill("badge");
        await page.getByRole("button", { name: "Create schema" }).click();
        await page.getByText("The schema was not saved").waitFor();
      },
    },
    { title: "setup", visit: goTo("/setup") },
    { title: "setup-okta", visit: goTo("/setup/okta") },
    { title: "setup-onelogin", visit: goTo("/setup/onelogin") },
    { title: "setup-mcp-clients", visit: goTo("/setup/mcp-clients") },
    { title: "provisioning-settings", visit: goTo("/provisioning/settings") },
  ];
};

/** Counts a working day, with a failure in the afternoon. */
async function countActivity({ store, organizationId }: Service): Promise<void> {
  for (let hoursAgo = 1; hoursAgo < 24; hoursAgo++) {
    const at = Date.now() - hoursAgo * 3_600_000;
    const counter = new ActivityCounter(store, () => at);
    const load = Math.round(40 * Math.max(0.1, Math.sin((Math.PI * (24 - hoursAgo)) / 24)));
    for (let request = 0; request < load; request++) counter.recordRequest(organizationId, false);
    for (let request = 0; request < (hoursAgo === 4 ? 9 : hoursAgo % 7 === 0 ? 1 : 0); request++)
      counter.recordRequest(organizationId, true);
    for (let call = 0; call < load / 3; call++) counter.recordToolCall(organizationId);
    await counter.flush();
  }
}
