import { expect } from "chai";
import { operatorActor } from "../../src/domain/audit/record.ts";
import { CascadeDeletes, enqueueCascadeDelete, settledAfterMs } from "../../src/domain/cleanup/cascade-deletes.ts";
import { newEntity } from "../../src/domain/entity.ts";
import { OrganizationLifecycle } from "../../src/domain/organization-lifecycle.ts";
import {
  auditEvents,
  collections,
  organizations,
  cascadeDeletes as pendingRecords,
  serviceTenant,
  tokens as tokenRecords,
  webhookDeliveries,
} from "../../src/store/collections.ts";
import { describeOnEngines } from "../store/engines.fixture.ts";
import { type Agent, groupUrn, type Service, startService, userUrn } from "../support/service.ts";
import { expectRejection } from "./domain.fixture.ts";

describeOnEngines("The lifecycle of an organization", (open) => {
  let service: Service;
  let cascadeDeletes: CascadeDeletes;
  let lifecycle: OrganizationLifecycle;
  let acmeId: string;
  let acme: Agent;
  const authSecret = "s".repeat(40);
  beforeEach(async () => {
    service = await startService({ open, environment: { AUTH_SECRET: authSecret } });
    cascadeDeletes = new CascadeDeletes(service.store);
    lifecycle = new OrganizationLifecycle(service.store, cascadeDeletes);
    acmeId = await service.createOrganization("acme");
    acme = await service.clientWithScopes(["all"], acmeId);
  });
  afterEach(() => service.dispose());

  const listAudit = async (organizationId: string, action: string) =>
    (
      await service.store
        .for(organizationId)
        .open(auditEvents)
        .list({ where: { op: "eq", path: "action", value: action }, limit: 100 })
    ).items;
  const countPending = () => service.store.for(serviceTenant).open(pendingRecords).count();
  const settle = () => cascadeDeletes.flush(new Date(Date.now() + settledAfterMs + 1));

  describe("rename", () => {
    it("changes the slug and the name, keeps the id and the tokens, and is in the audit log", async () => {
      const renamed = await lifecycle.rename(operatorActor, "acme", { slug: "acme-2", name: "Acme Two" });
      expect(renamed).to.include({ id: acmeId, slug: "acme-2", name: "Acme Two", version: 2 });
      await acme.get("/api/users").expect(200);
      const [event] = await listAudit(acmeId, "organization.rename");
      expect(event).to.deep.include({
        before: { slug: "acme", name: "acme" },
        after: { slug: "acme-2", name: "Acme Two" },
        actor: { type: "operator" },
      });
      expect(await service.domain.organizations.findBySlug("acme")).to.equal(undefined);
    });

    it("rejects a slug that is in use, an invalid one, and an unknown organization", async () => {
      await expectRejection(lifecycle.rename(operatorActor, "acme", { slug: "default" }), "conflict");
      await expectRejection(lifecycle.rename(operatorActor, "acme", { slug: "No Slug" }), "invalid-value");
      await expectRejection(lifecycle.rename(operatorActor, "none", { slug: "some" }), "not-found");
      expect((await service.domain.organizations.findBySlug("acme"))?.version).to.equal(1);
    });

    it("writes nothing if slug and name are the same", async () => {
      expect((await lifecycle.rename(operatorActor, "acme", { slug: "acme" })).version).to.equal(1);
      expect(await listAudit(acmeId, "organization.rename")).to.deep.equal([]);
    });
  });

  describe("disable", () => {
    it("rejects every token of the organization like a revoked one, and no other token", async () => {
      const { id } = await service.issueToken({ scopes: ["admin:read"] }, acmeId);
      const revoked = await service.issueToken({ scopes: ["admin:read"] });
      await service.domain.tokens.revoke(service.organizationId, operatorActor, revoked.id);
      const other = await service.clientWithScopes(["admin:read"]);
      await acme.get("/api/users").expect(200);
      await lifecycle.disable(operatorActor, "acme");
      const [disabled, expected] = [
        await acme.get("/api/users").expect(401),
        await service.clientWithSecret(revoked.secret).get("/api/users").expect(401),
      ];
      const withoutId = (text: string) => ({ ...JSON.parse(text), requestId: "", instance: "" });
      expect(withoutId(disabled.text)).to.deep.equal(withoutId(expected.text));
      expect(disabled.headers["www-authenticate"]).to.equal(expected.headers["www-authenticate"]);
      await acme.get("/scim/v2/Users").expect(401);
      await acme.post("/mcp").send({ jsonrpc: "2.0", id: 1, method: "tools/list" }).expect(401);
      await other.get("/api/users").expect(200);
      expect(service.log()).to.contain('"reason":"organization-disabled"');
      expect((await service.domain.tokens.get(acmeId, id)).enabled).to.equal(true);
      expect(await listAudit(acmeId, "organization.disable")).to.have.length(1);
    });

    it("rejects AUTH_SECRET for the organization default", async () => {
      const client = service.clientWithSecret(authSecret);
      await client.get("/api/users").expect(200);
      await lifecycle.disable(operatorActor, "default");
      await client.get("/api/users").expect(401);
      await lifecycle.enable(operatorActor, "default");
      await client.get("/api/users").expect(200);
    });

    it("rejects new tokens, and marks one whose transaction was not finished in time", async () => {
      await lifecycle.disable(operatorActor, "acme");
      await expectRejection(
        service.domain.tokens.create(acmeId, operatorActor, { name: "late", scopes: ["all"] }),
        "forbidden",
      );
      const [token] = (await service.store.for(acmeId).open(tokenRecords).list({ limit: 1 })).items;
      if (!token) throw new Error("the organization has a token");
      const { organizationDisabled: _, ...unmarked } = token;
      await service.store.transaction((tx) => tx.for(acmeId).open(tokenRecords).replace(unmarked, "any"));
      await acme.get("/api/users").expect(200);
      await settle();
      await acme.get("/api/users").expect(401);
      expect(await countPending()).to.equal(0);
    });

    it("changes nothing when it is repeated, and works for more tokens than one transaction marks", async () => {
      const secrets = [];
      for (let at = 0; at < 120; at++)
        secrets.push((await service.issueToken({ scopes: ["admin:read"] }, acmeId)).secret);
      const { disabledAt } = await lifecycle.disable(operatorActor, "acme");
      expect((await lifecycle.disable(operatorActor, "acme")).disabledAt).to.equal(disabledAt);
      for (const secret of [secrets[0], secrets[60], secrets[119]])
        await service.clientWithSecret(secret).get("/api/users").expect(401);
      expect(await listAudit(acmeId, "organization.disable")).to.have.length(1);
    });
  });

  it("enable restores what each token was before", async () => {
    const off = await service.issueToken({ scopes: ["admin:read"] }, acmeId);
    const caller = { ...operatorActor, organizationId: acmeId, scopes: new Set(["all"] as const) };
    await service.domain.tokens.update(caller, off.id, {}, { enabled: false });
    await lifecycle.disable(operatorActor, "acme");
    const { disabledAt } = await lifecycle.enable(operatorActor, "acme");
    expect(disabledAt).to.equal(undefined);
    await acme.get("/api/users").expect(200);
    await service.clientWithSecret(off.secret).get("/api/users").expect(401);
    expect(await listAudit(acmeId, "organization.enable")).to.have.length(1);
  });

  describe("remove", () => {
    const createContent = async (): Promise<void> => {
      const user = await acme
        .post("/scim/v2/Users")
        .send({ schemas: [userUrn], userName: "ada" })
        .expect(201);
      const members = [{ value: JSON.parse(user.text).id }];
      await acme
        .post("/scim/v2/Groups")
        .send({ schemas: [groupUrn], displayName: "G", members })
        .expect(201);
      const server = { name: "Jira", transport: "http", url: "https://jira.example" };
      await acme
        .put("/api/mcp-servers/jira")
        .send({ ...server, auth: { type: "none" } })
        .expect(201);
      await acme.put("/api/skills/notes").send({ name: "Notes", content: "# Notes" }).expect(201);
    };
    const countRecords = async (organizationId: string): Promise<Record<string, number>> => {
      const counts: Record<string, number> = {};
      for (const definition of collections) {
        const count = await service.store.for(organizationId).open(definition).count();
        if (count > 0) counts[definition.name] = count;
      }
      return counts;
    };

    it("rejects its tokens and removes all of its records, and nothing of another organization", async () => {
      await createContent();
      const before = await countRecords(acmeId);
      expect(Object.keys(before)).to.include.members([
        "tokens",
        "users",
        "groups",
        "mcp_servers",
        "skills",
        "audit_events",
      ]);
      const others = await service.clientWithScopes(["all"]);
      await others
        .post("/scim/v2/Users")
        .send({ schemas: [userUrn], userName: "ada" })
        .expect(201);
      const groups = JSON.parse((await acme.get("/scim/v2/Groups").expect(200)).text);
      const delivery = newEntity("whd", serviceTenant);
      await service.store.transaction((tx) =>
        tx
          .for(serviceTenant)
          .open(webhookDeliveries)
          .insert({
            ...{ ...delivery, targetOrganizationId: acmeId, webhookId: "whk_1", cursor: "", sentIds: [] },
            ...{ notBefore: delivery.createdAt, failedAttempts: 0 },
          }),
      );
      await lifecycle.remove(operatorActor, "acme");
      expect(await service.store.for(serviceTenant).open(webhookDeliveries).get(delivery.id)).to.equal(undefined);
      await acme.get("/api/users").expect(401);
      // The service may write its buffered request log only now.
      expect({ ...(await countRecords(acmeId)), request_log: 0 }).to.deep.equal({ request_log: 0 });
      const { memberships } = service.store.for(acmeId);
      expect(await memberships.members(groups.Resources[0].id, { limit: 10 })).to.deep.equal([]);
      expect(JSON.parse((await others.get("/scim/v2/Users").expect(200)).text).totalResults).to.equal(1);
      await settle();
      expect(await countPending()).to.equal(0);
      expect(await countRecords(acmeId)).to.deep.equal({});
    });

    it("is in the audit log of the installation, or of its only organization", async () => {
      await lifecycle.remove(operatorActor, "acme");
      const [event] = await listAudit(service.organizationId, "organization.delete");
      expect(event).to.deep.include({ actor: { type: "operator" }, target: { type: "organization", id: acmeId } });
      await service.createOrganization("one");
      await service.createOrganization("two");
      await lifecycle.remove(operatorActor, "one");
      expect(await listAudit(serviceTenant, "organization.delete")).to.have.length(1);
      expect(await listAudit(service.organizationId, "organization.delete")).to.have.length(1);
    });

    it("is continued by the service when it was interrupted", async () => {
      await createContent();
      // What is stored when the process is killed after the first transaction.
      await service.store.transaction(async (tx) => {
        await tx.for(serviceTenant).open(organizations).remove(acmeId, "any");
        await enqueueCascadeDelete(tx, { ...operatorActor, organizationId: acmeId }, acmeId);
      });
      expect(await countRecords(acmeId)).to.include.keys("users");
      for (let round = 0; Object.keys(await countRecords(acmeId)).length > 0; round++) {
        expect(round).to.be.lessThan(50);
        await new CascadeDeletes(service.store, 0).flush();
      }
      expect(await service.domain.organizations.findBySlug("acme")).to.equal(undefined);
    });

    it("removes what a request in progress has added, once that is settled", async () => {
      await lifecycle.remove(operatorActor, "acme");
      const event = (await listAudit(service.organizationId, "organization.create"))[0];
      if (!event) throw new Error("the first start has an audit event");
      await service.store.transaction((tx) =>
        tx
          .for(acmeId)
          .open(auditEvents)
          .insert({ ...event, organizationId: acmeId }),
      );
      await settle();
      expect(await countRecords(acmeId)).to.deep.equal({});
    });

    it("rejects the only organization, and an unknown one", async () => {
      await lifecycle.remove(operatorActor, "acme");
      await expectRejection(lifecycle.remove(operatorActor, "default"), "conflict");
      await expectRejection(lifecycle.remove(operatorActor, "acme"), "not-found");
      await service.createOrganization("acme");
      await lifecycle.remove(operatorActor, "default");
      await service.clientWithSecret(authSecret).get("/api/users").expect(401);
    });
  });
});
