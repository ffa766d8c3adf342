import { expect } from "chai";
import { toAuditLine } from "../../../src/domain/audit/event-lines.ts";
import { operatorActor, toAuditEvent } from "../../../src/domain/audit/record.ts";

describe("Lines of the audit log", () => {
  const event = (after: Readonly<Record<string, unknown>>, outcome: "success" | "refused" = "success") =>
    toAuditEvent("org_1", { ...operatorActor, ip: "192.0.2.1" }, outcome, {
      ...{ action: "user.update", target: { type: "user", id: "usr_1" }, after },
    });

  it("are JSON with the event and its organization", () => {
    const update = event({ userName: "Ünal" });
    const { id, createdAt } = update;
    expect(JSON.parse(toAuditLine(update, "json"))).to.deep.equal({
      ...{ type: "audit", timestamp: createdAt, organizationId: "org_1", id, action: "user.update" },
      ...{ outcome: "success", actor: { type: "operator" }, target: { type: "user", id: "usr_1" } },
      ...{ after: { userName: "Ünal" }, ip: "192.0.2.1" },
    });
  });

  it("are messages of RFC 5424 in ASCII, of facility 13, with the event as text", () => {
    const update = event({ userName: "Ünal 😀" }, "refused");
    const line = toAuditLine(update, "syslog");
    const parts = /^<(\d+)>1 (\S+) (\S+) gatehouse (\d+) user\.update - (.*)$/.exec(line);
    expect(parts?.slice(1, 3)).to.deep.equal(["108", update.createdAt]);
    expect(parts?.[3]).to.match(/^[\x21-\x7e]{1,255}$/);
    expect(parts?.[4]).to.equal(String(process.pid));
    expect(line).to.match(/^[\x20-\x7e]+$/);
    expect(JSON.parse(parts?.[5] ?? "").after).to.deep.equal({ userName: "Ünal 😀" });
    expect(toAuditLine(event({}), "syslog")).to.match(/^<110>1 /);
  });

  for (const format of ["json", "syslog"] as const) {
    it(`cannot be forged by a value (${format})`, () => {
      const userName = 'x"}\n<110>1 forged\r\u2028\u0085\u009b31m\u0000\u007f';
      const line = toAuditLine(event({ userName }), format);
      expect([...line].filter((character) => /[\p{Cc}\u2028\u2029]/u.test(character))).to.deep.equal([]);
      expect(JSON.parse(line.slice(line.indexOf("{"))).after.userName).to.equal(userName);
    });

    it(`are bounded, and name the fields that they leave out (${format})`, () => {
      const long = Object.fromEntries(Array.from({ length: 100 }, (_, at) => [`field${at}`, "ö".repeat(1000)]));
      const line = toAuditLine({ ...event(long), details: { reason: "kept" } }, format);
      expect(line.length).to.be.lessThan(17_000);
      const fields = JSON.parse(line.slice(line.indexOf("{")));
      expect(fields).to.deep.include({ omitted: ["after"], details: { reason: "kept" } });
      expect(fields).to.not.have.property("after");
    });
  }

  it("contain no string that looks like a credential", () => {
    const line = toAuditLine(event({ token: `wxt_${"a".repeat(39)}`, url: "https://u:p@example.com" }), "json");
    expect(JSON.parse(line).after).to.deep.equal({ token: "[redacted]", url: "https://[redacted]@example.com" });
  });
});
