import { AppError } from "../../../errors.ts";
import type { CredentialRejection } from "../../audit/rejections.ts";

/** What the logs of an organization show about a rejected credential. */
export type CredentialRejectionReport = Pick<CredentialRejection, "organizationId" | "actor" | "cause">;

/** The error for a rejected credential. The report is for logs: the response must not reveal the cause. */
export class RejectedCredentialError extends AppError {
  readonly report: CredentialRejectionReport;

  constructor(report: CredentialRejectionReport) {
    if (report.cause === "ip-not-allowed") super(report.cause, "The credential is not allowed from this IP address.");
    else super("invalid-token", "The credential is not valid.");
    this.report = report;
  }
}
