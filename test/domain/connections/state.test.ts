import { randomBytes } from "node:crypto";
import { expect } from "chai";
import fc from "fast-check";
import { isStateOf, issueState, type StateSubject } from "../../../src/domain/connections/state.ts";

const key = randomBytes(32);
const subject: StateSubject = { organizationId: "org_1", userId: "usr_1", mcpServerId: "srv_1" };
const minutes = (count: number): number => count * 60_000;

describe("The state of an authorization request", () => {
  it("is good for ten minutes, and not a moment longer", () => {
    const now = Date.now();
    const { state, expiresAt } = issueState(key, subject, now);
    expect(expiresAt.getTime()).to.equal(now + minutes(10));
    expect(isStateOf(state, key, subject, now)).to.equal(true);
    expect(isStateOf(state, key, subject, now + minutes(10) - 1)).to.equal(true);
    expect(isStateOf(state, key, subject, now + minutes(10))).to.equal(false);
  });

  it("is another each time, and says nothing of the subject", () => {
    const states = Array.from({ length: 50 }, () => issueState(key, subject).state);
    expect(new Set(states.map((state) => state.slice(0, 20))).size).to.equal(50);
    for (const state of states) {
      const bytes = Buffer.from(state, "base64url").toString("latin1");
      for (const id of Object.values(subject)) expect(bytes).to.not.include(id);
    }
  });

  it("is of one subject only, however the parts of another are put together", () => {
    const part = fc.string({ maxLength: 8 });
    const subjects = fc.record({ organizationId: part, userId: part, mcpServerId: part });
    fc.assert(
      fc.property(subjects, subjects, (one, other) => {
        const { state } = issueState(key, one);
        const isSame = Object.values(one).join("\0") === Object.values(other).join("\0");
        expect(isStateOf(state, key, one)).to.equal(true);
        expect(isStateOf(state, key, other)).to.equal(isSame);
      }),
    );
    const { state } = issueState(key, subject);
    expect(isStateOf(state, key, { ...subject, userId: "usr_1usr", mcpServerId: "_1srv_1" })).to.equal(false);
  });

  it("is of one key only", () => {
    expect(isStateOf(issueState(key, subject).state, randomBytes(32), subject)).to.equal(false);
  });

  it("is not good any more with any one bit changed, the end of its time included", () => {
    const { state } = issueState(key, subject);
    const bytes = Buffer.from(state, "base64url");
    for (let bit = 0; bit < bytes.length * 8; bit++) {
      const changed = Buffer.from(bytes);
      const at = bit >> 3;
      changed[at] = (changed[at] ?? 0) ^ (1 << (bit & 7));
      expect(isStateOf(changed.toString("base64url"), key, subject), `bit ${bit}`).to.equal(false);
    }
  });

  it("is one text: no other spelling of the same bytes is taken", () => {
    const { state } = issueState(key, subject);
    const spelled = [
      `${state}=`,
      ` ${state}`,
      `${state}\n`,
      state.slice(0, -1),
      `${state}A`,
      state.replace(/^./, "$&."),
    ];
    for (const text of [...spelled, "", "null"]) expect(isStateOf(text, key, subject), text).to.equal(false);
  });

  it("no text that was made up is one", () => {
    fc.assert(
      fc.property(fc.string({ maxLength: 200 }), (text) => {
        expect(isStateOf(text, key, subject)).to.equal(false);
      }),
    );
    const madeUp = randomBytes(54).toString("base64url");
    expect(isStateOf(madeUp, key, subject)).to.equal(false);
  });
});
