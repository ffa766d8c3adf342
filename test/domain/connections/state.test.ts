import { randomBytes } from "node:crypto";
import { expect } from "chai";
import fc from "fast-check";
import { issueState, isValidState, type StateSubject } from "../../../src/domain/connections/state.ts";

const key = randomBytes(32);
const subject: StateSubject = { organizationId: "org_1", userId: "usr_1", mcpServerId: "srv_1" };
const minutes = (count: number): number => count * 60_000;

describe("State of an authorization request", () => {
  it("is valid for exactly ten minutes", () => {
    const now = Date.now();
    const { state, expiresAt } = issueState(key, subject, now);
    expect(expiresAt.getTime()).to.equal(now + minutes(10));
    expect(isValidState(state, key, subject, now)).to.equal(true);
    expect(isValidState(state, key, subject, now + minutes(10) - 1)).to.equal(true);
    expect(isValidState(state, key, subject, now + minutes(10))).to.equal(false);
  });

  it("differs each time, and does not reveal the subject", () => {
    const states = Array.from({ length: 50 }, () => issueState(key, subject).state);
    expect(new Set(states.map((state) => state.slice(0, 20))).size).to.equal(50);
    for (const state of states) {
      const bytes = Buffer.from(state, "base64url").toString("latin1");
      for (const id of Object.values(subject)) expect(bytes).to.not.include(id);
    }
  });

  it("is valid for one subject only, whatever the boundaries between its ids", () => {
    const part = fc.string({ maxLength: 8 });
    const subjects = fc.record({ organizationId: part, userId: part, mcpServerId: part });
    fc.assert(
      fc.property(subjects, subjects, (one, other) => {
        const { state } = issueState(key, one);
        const isSame = Object.values(one).join("\0") === Object.values(other).join("\0");
        expect(isValidState(state, key, one)).to.equal(true);
        expect(isValidState(state, key, other)).to.equal(isSame);
      }),
    );
    const { state } = issueState(key, subject);
    expect(isValidState(state, key, { ...subject, userId: "usr_1usr", mcpServerId: "_1srv_1" })).to.equal(false);
  });

  it("is valid for one key only", () => {
    expect(isValidState(issueState(key, subject).state, randomBytes(32), subject)).to.equal(false);
  });

  it("is invalid if any bit is changed, including the expiry", () => {
    const { state } = issueState(key, subject);
    const bytes = Buffer.from(state, "base64url");
    for (let bit = 0; bit < bytes.length * 8; bit++) {
      const changed = Buffer.from(bytes);
      const at = bit >> 3;
      changed[at] = (changed[at] ?? 0) ^ (1 << (bit & 7));
      expect(isValidState(changed.toString("base64url"), key, subject), `bit ${bit}`).to.equal(false);
    }
  });

  it("has one encoding only", () => {
    const { state } = issueState(key, subject);
    const otherEncodings = [
      `${state}=`,
      ` ${state}`,
      `${state}\n`,
      state.slice(0, -1),
      `${state}A`,
      state.replace(/^./, "$&."),
    ];
    for (const encoded of [...otherEncodings, "", "null"])
      expect(isValidState(encoded, key, subject), encoded).to.equal(false);
  });

  it("rejects arbitrary strings", () => {
    fc.assert(
      fc.property(fc.string({ maxLength: 200 }), (text) => {
        expect(isValidState(text, key, subject)).to.equal(false);
      }),
    );
    const random = randomBytes(54).toString("base64url");
    expect(isValidState(random, key, subject)).to.equal(false);
  });
});
