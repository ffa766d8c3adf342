import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { expect } from "chai";
import { describeOnEngines } from "../../store/engines.fixture.ts";
import { type SignInSetup, settingsOf, setUpSignIn } from "../console/sign-in/sign-in.fixture.ts";

const secretPath = "/api/organization/console-sign-in/client-secret";

describeOnEngines("consoleSignIn of /api/organization", (open) => {
  let setup: SignInSetup;
  before(async () => {
    setup = await setUpSignIn(open);
  });
  after(() => setup.dispose());
  afterEach(() => setup.provider.setDocument(undefined));

  /** Expects that new settings are rejected. @returns the error of the field */
  const expectRejected = async (more: object, status = 400, client = setup.admin): Promise<string> => {
    const consoleSignIn = { ...settingsOf(setup.provider), ...more };
    const { body: before } = await setup.admin.get("/api/organization").expect(200);
    const { body } = await client.patch("/api/organization").send({ consoleSignIn }).expect(status);
    const { body: after } = await setup.admin.get("/api/organization").expect(200);
    expect(after).to.deep.equal(before);
    return `${body.errors[0].pointer}: ${body.errors[0].detail}`;
  };

  it("returns what it accepts, without the client secret, and grants nobody a role by default", async () => {
    const { issuer, clientId, clientSecret } = setup.provider;
    const { body } = await setup.admin.get("/api/organization").expect(200);
    expect(body.consoleSignIn).to.deep.equal(settingsOf(setup.provider));
    expect(JSON.stringify(body)).to.not.contain(clientSecret);
    await setup.admin.put("/api/organization").send(body).expect(200);
    await setup.admin.patch("/api/organization").send({ consoleSignIn: null }).expect(200);
    const { body: minimal } = await setup.admin
      .patch("/api/organization")
      .send({ consoleSignIn: { issuer, clientId } })
      .expect(200);
    const nobody = { idTokenGroups: [], groups: [] };
    expect(minimal.consoleSignIn.roles).to.deep.equal({ read: nobody, write: nobody, full: { idTokenGroups: [] } });
    await setup.configure();
  });

  it("rejects an issuer whose document is missing, incomplete, of another issuer, or has a forbidden endpoint", async () => {
    const { provider } = setup;
    expect(await expectRejected({ issuer: `${provider.issuer}/other` })).to.match(
      /^\/consoleSignIn\/issuer: .*can be read/,
    );
    expect(await expectRejected({ issuer: `${provider.issuer}/` })).to.contain("by a slash at the end");
    provider.setDocument({ issuer: provider.issuer });
    expect(await expectRejected({ clientId: "other" })).to.contain("a required field is missing");
    provider.setDocument({ ...provider.document(), issuer: "https://attacker.example" });
    expect(await expectRejected({ clientId: "other" })).to.contain("differs from the issuer");
    for (const endpoint of ["authorization_endpoint", "token_endpoint", "jwks_uri"])
      for (const url of ["javascript:alert(1)", "http://169.254.169.254/", "https://10.0.0.1/"]) {
        provider.setDocument({ ...provider.document(), [endpoint]: url });
        expect(await expectRejected({ clientId: "other" }), url).to.contain("has an endpoint that is not allowed");
      }
  });

  it("rejects an issuer in the network of the service, and follows no redirect", async () => {
    for (const issuer of ["https://10.0.0.1", "https://169.254.169.254", "https://[::1]"])
      expect(await expectRejected({ issuer }), issuer).to.contain("is not allowed");
    const redirecting = createServer((_req, res) => void res.writeHead(302, { location: setup.provider.issuer }).end());
    await new Promise<void>((resolve) => redirecting.listen(0, "127.0.0.1", resolve));
    const issuer = `http://127.0.0.1:${(redirecting.address() as AddressInfo).port}`;
    expect(await expectRejected({ issuer })).to.contain("no document that can be read");
    redirecting.close();
  });

  it("rejects fields that are not valid, by name", async () => {
    for (const [more, pointer] of [
      [{ issuer: "https://issuer.example/?a" }, "/consoleSignIn/issuer"],
      [{ issuer: "ftp://issuer.example" }, "/consoleSignIn/issuer"],
      [{ clientId: "" }, "/consoleSignIn/clientId"],
      [{ groupsClaim: "two words" }, "/consoleSignIn/groupsClaim"],
      [{ matchUsersBy: "name" }, "/consoleSignIn/matchUsersBy"],
      [{ roles: { read: { groups: ["Admins"] } } }, "/consoleSignIn/roles/read/groups/0"],
      [{ roles: { full: { groups: [] } } }, "/consoleSignIn/roles/full"],
    ] as const)
      expect(await expectRejected(more)).to.satisfy((text: string) => text.startsWith(pointer), pointer);
  });

  it("lets nobody grant a role with a scope that the credential does not have", async () => {
    const writer = await setup.service.clientWithScopes(["admin:write"]);
    expect(await expectRejected({ clientId: "of-the-attacker" }, 403, writer)).to.match(
      /^\/consoleSignIn\/roles\/full: .*does not have: all/,
    );
    const roles = { read: { idTokenGroups: ["readers"] }, write: { idTokenGroups: ["writers"] } };
    const consoleSignIn = { ...settingsOf(setup.provider), roles };
    await writer.patch("/api/organization").send({ consoleSignIn }).expect(200);
    await writer.patch("/api/organization").send({ name: "Renamed" }).expect(200);
    const reader = await setup.service.clientWithScopes(["admin:read"]);
    await reader.patch("/api/organization").send({ consoleSignIn: null }).expect(403);
    await reader.put(secretPath).send({ value: "x" }).expect(403);
    await setup.configure();
  });

  it("stores the client secret encrypted, and deletes it with the issuer that it was stored for", async () => {
    const { body: status } = await setup.admin.get(secretPath).expect(200);
    expect(status).to.include({ hasCredential: true, origin: setup.provider.issuer });
    await setup.admin.patch("/api/organization").send({ consoleSignIn: null }).expect(200);
    expect((await setup.admin.get(secretPath).expect(200)).body).to.deep.equal({ hasCredential: false });
    await setup.admin.put(secretPath).send({ value: "x" }).expect(409);
    const { body } = await setup.admin.get("/api/audit-events").query({ action: "organization.client-secret.delete" });
    expect(body.data[0].target).to.deep.equal({ type: "organization", id: setup.service.organizationId });
    await setup.configure();
    await setup.admin.delete(secretPath).expect(204);
    await setup.admin.delete(secretPath).expect(204);
    const { secret } = await setup.service.issueToken({ scopes: ["admin:read"] });
    await setup.admin.put(secretPath).send({ value: secret }).expect(400);
    await setup.configure();
  });

  it("keeps the settings of two organizations apart", async () => {
    const organizationId = await setup.service.createOrganization("other");
    const admin = await setup.service.clientWithScopes(["all"], organizationId);
    expect((await admin.get("/api/organization").expect(200)).body).to.not.have.property("consoleSignIn");
    expect((await admin.get(secretPath).expect(200)).body).to.deep.equal({ hasCredential: false });
    await admin.put(secretPath).send({ value: "x" }).expect(409);
  });
});
