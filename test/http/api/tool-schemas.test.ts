import { expect } from "chai";
import { describeOnEngines } from "../../store/engines.fixture.ts";
import { type Agent, type Service, startService } from "../../support/service.ts";

describeOnEngines("The inputSchema of a tool", (open) => {
  let service: Service;
  let admin: Agent;
  before(async () => {
    service = await startService({ open });
    admin = await service.clientWithScopes(["admin:write", "admin:read"]);
  });
  after(() => service.dispose());

  const server = (...schemas: readonly string[]): string => {
    const tools = schemas.map((schema, index) => `{"name":"t${index}","inputSchema":${schema}}`).join();
    return `{"name":"S","transport":"http","url":"https://mcp.example","tools":[${tools}]}`;
  };
  const put = (slug: string, ...schemas: readonly string[]) =>
    admin
      .put(`/api/mcp-servers/${slug}`)
      .set("Content-Type", "application/json")
      .send(server(...schemas));
  const nested = (levels: number): string =>
    levels <= 2 ? '{"type":"object","title":"x","default":{}}' : `{"type":"object","not":${nested(levels - 1)}}`;

  const schemas: Readonly<Record<string, string>> = {
    "names of the prototype as data":
      '{"type":"object","properties":{"constructor":{"type":"string"},"prototype":{},"__proto__":{"title":"p"},"a.constructor":true},"required":["constructor","__proto__"]}',
    "__proto__ at the root": '{"type":"object","__proto__":{"title":"p"}}',
    "keys in their order, with dots and dollars":
      '{"$defs":{"z":{"type":"string"},"a":{"$ref":"#/$defs/z"}},"type":"object","properties":{"b.c":{"$ref":"#/$defs/a"},"a":{"$ref":"#"},"$where":{}}}',
    "64 levels": nested(64),
    "lists of items in draft-07":
      '{"$schema":"http://json-schema.org/draft-07/schema#","type":"object","properties":{"a":{"items":[{"type":"string"}],"additionalItems":false}},"dependencies":{"a":["b"],"b":{"minProperties":2}}}',
    "unknown keywords, formats, anchors and regular expressions":
      '{"type":"object","x-order":null,"properties":{"a":{"$anchor":"here","pattern":"^(a+)+\\\\p{L}[\\\\p{Script=Greek}]$","format":"anything"},"b":{"$ref":"#here"}}}',
    "pointers with escapes": '{"type":"object","$defs":{"a/b c":true},"properties":{"x":{"$ref":"#/$defs/a~1b%20c"}}}',
  };
  for (const [title, schema] of Object.entries(schemas)) {
    it(`is returned as it was sent: ${title}`, async () => {
      const response = await put("same", schema);
      expect(response.status, response.text).to.be.oneOf([200, 201]);
      const { text } = await admin.get("/api/mcp-servers/same").expect(200);
      expect(response.text).to.contain(schema);
      expect(text).to.contain(schema);
      expect(({} as { title?: unknown }).title).to.equal(undefined);
    });
  }

  it("may have 20,000 different names in a server of 500 tools", async () => {
    const many = Array.from({ length: 500 }, (_, tool) => {
      const properties = Array.from({ length: 38 }, (_, index) => `"p${tool}_${index}":{}`).join();
      return `{"type":"object","properties":{${properties}}}`;
    });
    expect((await put("many", ...many)).status).to.equal(201);
  });

  it("is changed by PATCH under the same rules", async () => {
    await put("patched", '{"type":"object"}').expect(201);
    const patch = (schema: string) =>
      admin
        .patch("/api/mcp-servers/patched")
        .set("Content-Type", "application/merge-patch+json")
        .send(`{"tools":[{"name":"t","inputSchema":${schema}}]}`);
    const schema = '{"type":"object","properties":{"constructor":{}}}';
    expect((await patch(schema).expect(200)).text).to.contain(schema);
    await patch('{"type":"string"}').expect(400);
  });

  const rejected: readonly (readonly [schema: string, field: string, detail: string])[] = [
    ["[]", "", "must be a JSON Schema object"],
    ["null", "", "must be a JSON Schema object"],
    ["{}", ".type", 'must be "object", because arguments are an object'],
    ['{"type":["object"]}', ".type", 'must be "object", because arguments are an object'],
    [nested(65), "", "must not be nested more than 64 levels deep"],
    [`{"type":"object","title":"${"x".repeat(65_536)}"}`, "", "must have 65536 bytes or fewer as JSON"],
    ['{"type":"object","required":null}', ".required", "must be an array of different strings"],
    ['{"type":"object","properties":null}', ".properties", "must be an object of JSON Schemas"],
    ['{"type":"object","properties":{"a":1}}', ".properties.a", "must be a JSON Schema: an object, true or false"],
    [
      '{"type":"object","properties":{"a":{"minLength":-1}}}',
      ".properties.a.minLength",
      "must be an integer of 0 or more",
    ],
    ['{"type":"object","title":null}', ".title", "must be a string"],
    ['{"type":"object","anyOf":[]}', ".anyOf", "must be an array of JSON Schemas"],
    [
      '{"type":"object","properties":{"a":{"pattern":"(?P<y>a)"}}}',
      ".properties.a.pattern",
      "must be a regular expression of JavaScript (ECMA-262)",
    ],
    [
      `{"type":"object","patternProperties":{${Array.from({ length: 201 }, (_, index) => `"a${index}":{}`).join()}}}`,
      ".patternProperties.a200",
      "is one regular expression too many: a JSON Schema can have 200",
    ],
    [
      '{"type":"object","properties":{"a":{"items":[{}]}}}',
      ".properties.a.items",
      "must be a JSON Schema. Use prefixItems for a list of schemas",
    ],
    [
      '{"type":"object","properties":{"a":{"$ref":"https://example.com/schema"}}}',
      ".properties.a.$ref",
      "must start with #. Move the schema that it names to $defs",
    ],
    [
      '{"type":"object","properties":{"a":{"$ref":"#/$defs/gone"}}}',
      ".properties.a.$ref",
      "must name a schema that exists here, such as #/$defs/address",
    ],
    [
      '{"type":"object","$ref":"#/properties/__proto__","properties":{}}',
      ".$ref",
      "must name a schema that exists here, such as #/$defs/address",
    ],
    [
      '{"type":"object","$schema":"http://json-schema.org/draft-04/schema#"}',
      ".$schema",
      "must be https://json-schema.org/draft/2020-12/schema or http://json-schema.org/draft-07/schema#",
    ],
  ];
  for (const [schema, field, detail] of rejected) {
    it(`is rejected with the field and the fix: ${schema.slice(0, 60)}`, async () => {
      const { body } = await put("wrong", '{"type":"object"}', schema).expect(400);
      expect(body.errors[0]).to.deep.equal({
        pointer: `/tools/1/inputSchema${field.replaceAll(".", "/")}`,
        detail: `tools.1.inputSchema${field} ${detail}.`,
      });
    });
  }

  it("is the only place where names of the prototype are data", async () => {
    const body = server('{"type":"object"}').replace('"transport"', '"constructor":{},"transport"');
    const put = (path: string) => admin.put(path).set("Content-Type", "application/json").send(body);
    expect((await put("/api/mcp-servers/guarded").expect(400)).body.detail).to.contain("reserved key");
    const skill = '{"name":"S","content":"c","inputSchema":{"constructor":{}}}';
    const { body: problem } = await admin
      .put("/api/skills/guarded")
      .set("Content-Type", "application/json")
      .send(skill)
      .expect(400);
    expect(problem.detail).to.contain("reserved key");
  });
});
