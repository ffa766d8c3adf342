import { expect } from "chai";
import { toAuditedArguments } from "../../../src/domain/mcp/audited-arguments.ts";

describe("toAuditedArguments", () => {
  const token = `wxt_${"a".repeat(39)}`;
  const values = { path: "/tmp", note: `use ${token}`, password: "x", list: [{ apiKey: "x", size: 3 }] };

  it("records nothing, names, or values without secrets", () => {
    expect(toAuditedArguments(values, "none")).to.equal(undefined);
    expect(toAuditedArguments(values, "keys")).to.deep.equal(["path", "note", "password", "list"]);
    expect(toAuditedArguments(values, "full")).to.deep.equal({
      ...{ path: "/tmp", note: "use [redacted]", password: "[masked]", list: [{ apiKey: "[masked]", size: 3 }] },
    });
  });

  it("renames what a store cannot hold as a name, and ends at six levels", () => {
    const hostile = JSON.parse('{"__proto__":{"a":1},"$where":1,"a.b":2,"d":{"d":{"d":{"d":{"d":{"d":{}}}}}}}');
    expect(toAuditedArguments(hostile, "full")).to.deep.equal({
      ...{ "[__proto__]": { a: 1 }, _where: 1, a_b: 2, d: { d: { d: { d: { d: { d: "[deep]" } } } } } },
    });
  });
});
