import { expect } from "chai";
import { SigningKey } from "../../../src/domain/connections/signing-key.ts";
import { collections, serviceKeys, serviceTenant } from "../../../src/store/collections.ts";
import { engines } from "../../store/engines.ts";
import type { Opened } from "../../store/opened.ts";

for (const { name, open } of engines) {
  describe(`A signing key on ${name}`, () => {
    let opened: Opened;
    before(async () => {
      opened = await open({ collections });
    });
    after(() => opened.dispose());

    const stored = () => opened.store.for(serviceTenant).open(serviceKeys).list({ limit: 10 });

    it("of many that are made at once one is kept, and all use that", async () => {
      const others = opened.beside ? await opened.beside() : opened.store;
      const keys = await Promise.all(
        Array.from({ length: 8 }, (_, at) => new SigningKey(at % 2 === 0 ? opened.store : others, "race").get()),
      );
      expect(new Set(keys.map((key) => key.toString("hex"))).size).to.equal(1);
      expect(keys[0]).to.have.length(32);
      const { items } = await stored();
      expect(items.map(({ secret }) => secret)).to.deep.equal([keys[0]?.toString("base64url")]);
    });

    it("is the same after a restart, and another for another purpose", async () => {
      const key = await new SigningKey(opened.store, "race").get();
      const store = await opened.reopen();
      expect((await new SigningKey(store, "race").get()).equals(key)).to.equal(true);
      expect((await new SigningKey(store, "other").get()).equals(key)).to.equal(false);
    });

    it("is asked for again after an outage", async () => {
      const store = await opened.reopen();
      const key = new SigningKey(store, "outage");
      await store.close();
      const failed = await key.get().then(
        () => false,
        () => true,
      );
      expect(failed).to.equal(true);
      const again = await opened.reopen();
      expect(await new SigningKey(again, "outage").get()).to.have.length(32);
    });
  });
}
