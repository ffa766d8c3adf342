import type { StoreOperation } from "../../../src/store/measured-store.ts";
import type { OpenTestStore } from "../../store/test-store.fixture.ts";
import { assertNoSecrets, trackSecret } from "../../support/secrets.ts";
import { type Service, startService } from "../../support/service.ts";

/** A response to a browser. */
export interface BrowserResponse {
  readonly status: number;
  readonly headers: Headers;
  readonly html: string;
  /** Where a redirect leads; undefined for other responses. */
  readonly location: string | undefined;
  /** The value of a hidden field; empty if the page has none. */
  hidden(name: string): string;
}

export type FormFields = Readonly<Record<string, string | readonly string[]>>;

/** What a browser without JavaScript does: it keeps the cookie and sends forms with the headers of the same origin. */
export class TestBrowser {
  readonly #origin: string;
  /** The cookie of the session; empty without one. */
  cookie = "";
  /** The cookie of a sign-in through an identity provider that is in progress; likewise. */
  attemptCookie = "";

  constructor({ port }: Pick<Service, "port">) {
    this.#origin = `http://127.0.0.1:${port}`;
  }

  get(path: string, headers: Readonly<Record<string, string>> = {}): Promise<BrowserResponse> {
    return this.#send(path, { headers });
  }

  /** Submits a form without loading its page. */
  post(
    path: string,
    fields: FormFields,
    headers: Readonly<Record<string, string>> = { "Sec-Fetch-Site": "same-origin" },
  ): Promise<BrowserResponse> {
    const pairs = Object.entries(fields).flatMap(([name, value]) =>
      [value].flat().map((each) => [name, each] as [string, string]),
    );
    return this.#send(path, { method: "POST", body: new URLSearchParams(pairs), headers });
  }

  /** Loads the page of a form and submits it with its hidden fields. */
  async submit(formPath: string, action: string, fields: FormFields = {}): Promise<BrowserResponse> {
    const page = await this.get(formPath);
    return this.post(action, { csrf: page.hidden("csrf"), nonce: page.hidden("nonce"), ...fields });
  }

  signIn(token: string): Promise<BrowserResponse> {
    return this.post("/console/sign-in", { token });
  }

  async #send(path: string, init: RequestInit): Promise<BrowserResponse> {
    const cookies = [this.cookie, this.attemptCookie].filter((each) => each !== "");
    const response = await fetch(`${this.#origin}${path}`, {
      ...init,
      headers: {
        ...(cookies.length > 0 && { Cookie: cookies.join("; ") }),
        ...(init.headers as Record<string, string>),
      },
      redirect: "manual",
    });
    const html = await response.text();
    const headers = JSON.stringify([...response.headers]);
    assertNoSecrets(html + headers, `a response of ${path}`);
    for (const [pair = ""] of response.headers.getSetCookie().map((each) => each.split(";"))) {
      const value = pair.endsWith("=") ? "" : pair;
      if (pair.startsWith("__Host-gatehouse-sign-in=")) this.attemptCookie = value;
      else this.cookie = value;
    }
    return {
      ...{ status: response.status, headers: response.headers, html },
      location: response.headers.get("location") ?? undefined,
      hidden: (name) => new RegExp(`name="${name}" value="([^"]*)"`).exec(html)?.[1] ?? "",
    };
  }
}

/** Returns the secret that a page shows once, and tracks it. @throws Error if the page shows none */
export function readShownSecret({ html }: BrowserResponse): string {
  const secret = /<code id="secret">(wxt_[0-9A-Za-z]{39})</.exec(html)?.[1];
  if (secret === undefined) throw new Error(`The page shows no secret: ${html}`);
  return trackSecret(secret);
}

/** Starts a service whose store operations are counted. @param operations the list to which each operation is added */
export function startCountedService(open: OpenTestStore, operations: StoreOperation[]): Promise<Service> {
  const observer = {
    recordTime: (operation: StoreOperation) => void operations.push(operation),
    recordError: () => {},
    recordRetry: () => {},
    addWaiting: () => {},
  };
  return startService({
    open: (options) => open({ ...options, observer }),
    bufferIntervalMs: 3_600_000, // no background writes among the counted operations
  });
}

/**
 * Returns the number of operations that a request needs: the lowest of up to twenty, because background jobs run beside it.
 * @param operations the list to which the store's observer adds them
 * @param most the expected number, at which no further request is needed
 */
export async function countOperations(
  operations: unknown[],
  most: number,
  request: () => Promise<void>,
): Promise<number> {
  let lowest = Number.POSITIVE_INFINITY;
  for (let attempt = 0; attempt < 20 && lowest > most; attempt++) {
    operations.length = 0;
    await request();
    lowest = Math.min(lowest, operations.length);
  }
  return lowest;
}
