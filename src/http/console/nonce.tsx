import type { VNode } from "preact";
import type { ConsoleSubmissions } from "../../domain/console/submissions.ts";
import type { Visit } from "./visit.ts";

/** The hidden field of a form that can be submitted once. */
export const NonceField = ({
  submissions,
  visit,
}: {
  readonly submissions: ConsoleSubmissions;
  readonly visit: Visit;
}): VNode => <input type="hidden" name="nonce" value={submissions.issueNonce(visit.sessionId)} />;
