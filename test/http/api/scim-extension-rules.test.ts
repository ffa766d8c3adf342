import { expect } from "chai";
import { scimExtensionLimits } from "../../../schemas/scim-extension.ts";
import { type Agent, enterpriseUrn, groupUrn, type Service, startService, userUrn } from "../../support/service.ts";
import { declareExtension, extensionClients } from "../scim/extensions.fixture.ts";
import { errorPointers } from "./pointers.fixture.ts";

const urn = "urn:example:hr:2.0:User";
const path = `/api/scim-extensions/${urn}`;
const minimal = { resourceType: "User", attributes: [{ name: "costCenter" }] };

describe("/api/scim-extensions", () => {
  let service: Service;
  before(async () => {
    service = await startService();
  });
  after(() => service.dispose());

  let number = 0;
  const newOrganization = () => extensionClients(service, `hr-${++number}`);

  describe("rejects", () => {
    let admin: Agent;
    before(async () => {
      ({ admin } = await newOrganization());
    });

    for (const reserved of [
      userUrn,
      groupUrn,
      enterpriseUrn,
      userUrn.toUpperCase(),
      `${userUrn}:badge`,
      "urn:ietf:params:scim:schemas:core:3.0:Badge",
      "urn:ietf:params:scim:schemas",
      "urn:ietf:params:scim:schemas:extension:enterprise:3.0:User",
      "urn:ietf:params:scim:api:messages:2.0:PatchOp",
      "urn:scim:schemas:extension:enterprise:1.0",
    ]) {
      it(`the reserved URN ${reserved}`, async () => {
        const { body } = await admin.put(`/api/scim-extensions/${reserved}`).send(minimal).expect(400);
        expect(errorPointers({ body })).to.deep.equal(["/urn"]);
      });
    }

    for (const invalid of [
      "badge",
      "urn:x",
      "urn:example:",
      "urn:example:a b",
      "urn:example:a[b",
      'urn:example:a"b',
      "urn:example:2.0",
      "urn:example:ünïcode",
      `urn:example:${"a".repeat(scimExtensionLimits.urn)}`,
    ]) {
      it(`the URN ${JSON.stringify(invalid.slice(0, 40))}`, async () => {
        const { body } = await admin
          .put(`/api/scim-extensions/${encodeURIComponent(invalid)}`)
          .send(minimal)
          .expect(400);
        expect(errorPointers({ body })).to.deep.equal(["/urn"]);
      });
    }

    it("a URN that continues another one, because a path could mean either", async () => {
      const own = await newOrganization();
      await declareExtension(own.admin, "urn:example:a:b", minimal);
      for (const overlapping of ["urn:example:a:b:c", "urn:example:a", "URN:EXAMPLE:A:B:c"])
        await own.admin.put(`/api/scim-extensions/${overlapping}`).send(minimal).expect(409);
      await declareExtension(own.admin, "urn:example:a:bc", minimal);
    });

    for (const name of [
      "constructor",
      "toString",
      "__proto__",
      "hasOwnProperty",
      "VALUEOF",
      "prototype",
      "$ref",
      "a.b",
      "1a",
      "",
      "a b",
    ]) {
      it(`the attribute name ${JSON.stringify(name)}`, async () => {
        const send = (attributes: readonly object[]) =>
          admin.put(path).send({ resourceType: "User", attributes }).expect(400);
        expect(errorPointers(await send([{ name }]))).to.deep.equal(["/attributes/0/name"]);
        const complex = { name: "place", type: "complex", subAttributes: [{ name }] };
        expect(errorPointers(await send([complex]))).to.deep.equal(["/attributes/0/subAttributes/0/name"]);
      });
    }

    for (const name of ["id", "schemas", "META", "externalId", "userName", "emails"]) {
      it(`the core attribute ${name}`, async () => {
        const { body } = await admin
          .put(path)
          .send({ resourceType: "User", attributes: [{ name: "ok" }, { name }] })
          .expect(400);
        expect(errorPointers({ body })).to.deep.equal(["/attributes/1/name"]);
      });
    }

    for (const [title, attribute, pointer] of [
      ["a complex attribute without sub-attributes", { type: "complex" }, "/attributes/0/subAttributes"],
      ["sub-attributes of a string", { subAttributes: [{ name: "a" }] }, "/attributes/0/subAttributes"],
      [
        "nested complex attributes",
        { type: "complex", subAttributes: [{ name: "a", type: "complex" }] },
        "/attributes/0/subAttributes/0/type",
      ],
      [
        "sub-attributes with the same name",
        { type: "complex", subAttributes: [{ name: "a" }, { name: "A" }] },
        "/attributes/0/subAttributes",
      ],
      [
        "an index on a complex attribute",
        { type: "complex", subAttributes: [{ name: "a" }], indexed: true },
        "/attributes/0/indexed",
      ],
      ["an index on a binary attribute", { type: "binary", indexed: true }, "/attributes/0/indexed"],
      ["readOnly, which nobody could write", { mutability: "readOnly" }, "/attributes/0/mutability"],
      ["writeOnly, which nobody could read", { mutability: "writeOnly" }, "/attributes/0/mutability"],
      ["uniqueness", { uniqueness: "server" }, "/attributes/0/uniqueness"],
      ["an unknown type", { type: "number" }, "/attributes/0/type"],
    ] as const) {
      it(title, async () => {
        const { body } = await admin
          .put(path)
          .send({ resourceType: "User", attributes: [{ name: "x", ...attribute }] })
          .expect(400);
        expect(errorPointers({ body })).to.deep.equal([pointer]);
      });
    }

    it("two attributes with the same name, none, another URN in the body, and an unknown resource type", async () => {
      for (const [body, pointer] of [
        [{ ...minimal, attributes: [{ name: "a" }, { name: "A" }] }, "/attributes"],
        [{ ...minimal, attributes: [] }, "/attributes"],
        [{ ...minimal, urn: `${urn}x` }, "/urn"],
        [{ ...minimal, resourceType: "Device" }, "/resourceType"],
      ] as const)
        expect(errorPointers(await admin.put(path).send(body).expect(400))).to.deep.equal([pointer]);
    });
  });
});
