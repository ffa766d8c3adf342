import { expect } from "chai";

/**
 * Sets an expiry shortly ahead and returns after it has passed. The service rejects an expiry that has passed by the time
 * it reads the request, which a busy machine does late: such a change is repeated with twice the lifetime.
 * @param change Sends the change and returns the status of its response.
 */
export async function expireSoon(change: (expiresAt: string) => Promise<number>): Promise<void> {
  for (let lifetimeMs = 200; ; lifetimeMs *= 2) {
    const expiresAt = Date.now() + lifetimeMs;
    const status = await change(new Date(expiresAt).toISOString());
    if (status === 400 && Date.now() > expiresAt) continue;
    expect(status).to.equal(200);
    while (Date.now() <= expiresAt) await new Promise((resolve) => setTimeout(resolve, 20));
    return;
  }
}
