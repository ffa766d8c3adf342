import type { Token } from "../../../schemas/token.ts";
import { AppError } from "../../errors.ts";
import type { Change, Store } from "../../store/collection.ts";
import { legacyMarks, serviceTenant, tokens } from "../../store/collections.ts";
import type { Gathering } from "../background.ts";
import { newEntity } from "../entity.ts";
import { hashSecret, isWellFormed, type SecretSettings, visiblePrefix } from "./format.ts";
import { statusOf } from "./status.ts";

/** What of a token is known that was in use before it came here. */
export interface ImportedSecret {
  readonly hash: string;
  /** Its first characters, as far as they are known. */
  readonly prefix: string;
  readonly format?: NonNullable<Token["format"]>;
}

/** Guessing shorter ones would be worth a try. */
const lengthMin = 16;
const lengthMax = 512;

/**
 * A secret from elsewhere, itself or by its SHA-256.
 * @param text the secret; or 64 hexadecimal digits, or 43 characters of base64url, where it `isHash`
 * @throws AppError invalid-value
 */
export function readImportedSecret(text: string, isHash: boolean, settings: SecretSettings): ImportedSecret {
  const { prefix, pepper } = settings;
  if (isHash) {
    const isHex = /^[0-9a-f]{64}$/i.test(text);
    if (!isHex && !/^[\w-]{43}=?$/.test(text.replaceAll("+", "-").replaceAll("/", "_"))) {
      throw refused("The hash must be a SHA-256: 64 hexadecimal digits, or 43 characters of base64.");
    }
    const bytes = Buffer.from(text, isHex ? "hex" : "base64");
    return { hash: `s256:${bytes.toString("base64url")}`, prefix: "", format: "legacy" };
  }
  if (!/^[\x21-\x7e]+$/.test(text) || text.length < lengthMin || text.length > lengthMax) {
    throw refused(`The secret must have ${lengthMin} to ${lengthMax} visible ASCII characters.`);
  }
  const hash = hashSecret(text, pepper);
  if (isWellFormed(text, prefix)) return { hash, prefix: visiblePrefix(text) };
  // What is shown of it must not be most of it.
  return { hash, prefix: visiblePrefix(text).slice(0, text.length / 4), format: "legacy" };
}

const refused = (message: string): AppError => new AppError("invalid-value", message);

/** Notes that secrets without a checksum are to be looked for from now on. */
export async function markLegacy(change: Change, { id, organizationId }: Token): Promise<void> {
  const mark = { ...newEntity("leg", serviceTenant), of: organizationId, tokenId: id };
  await change.for(serviceTenant).open(legacyMarks).insert(mark);
}

/**
 * Which texts may be secrets: those with a checksum, and others only as long as there are tokens from before it. That
 * is looked after in the background: a token that is imported beside a running service is good some seconds later.
 */
export class KnownForms implements Gathering {
  readonly #store: Store;
  readonly #prefix: string;
  #isLegacy = false;

  constructor(store: Store, { prefix }: Pick<SecretSettings, "prefix">) {
    this.#store = store;
    this.#prefix = prefix;
  }

  /** Whether it is worth asking the store for it. */
  mayBeSecret(text: string): boolean {
    return isWellFormed(text, this.#prefix) || (this.#isLegacy && text.length >= lengthMin);
  }

  async flush(): Promise<void> {
    const marks = this.#store.for(serviceTenant).open(legacyMarks);
    for (;;) {
      const [mark] = (await marks.list({ limit: 1 })).items;
      const token = mark && (await this.#store.for(mark.of).open(tokens).get(mark.tokenId));
      this.#isLegacy = token?.format === "legacy" && !["revoked", "expired"].includes(statusOf(token));
      if (!mark || this.#isLegacy) return;
      await this.#store.transaction(async (change) => {
        await change.for(serviceTenant).open(legacyMarks).remove(mark.id, "any");
      });
    }
  }
}
