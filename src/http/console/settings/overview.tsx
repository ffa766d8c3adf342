import type { RequestHandler } from "express";
import type { VNode } from "preact";
import type { Organization } from "../../../../schemas/organization.ts";
import { Codes, Fact } from "../facts.tsx";
import { Layout, sendHtmlPage } from "../page.tsx";
import { requireVisit } from "../visit.ts";
import type { SettingsPagesOptions } from "./options.ts";

/** Shows the settings of the organization, with links to the forms for whoever can change them. */
export function showSettings({ base, services }: SettingsPagesOptions): RequestHandler {
  return async (req, res) => {
    req.operationId = "consoleShowSettings";
    const visit = requireVisit(req);
    const { caller } = visit;
    const organization = await services.organizations.getOwn(caller);
    const { hasCredential } = await services.signInSecrets.describe(caller.organizationId);
    const canWrite = caller.scopes.has("admin:write");
    const url = `${base}/settings`;
    sendHtmlPage(
      res,
      200,
      <Layout title="Settings" base={base} visit={visit}>
        <h1>Settings</h1>
        <Section id="organization" title="Organization" edit={canWrite ? `${url}/organization` : undefined}>
          <OrganizationFacts organization={organization} />
        </Section>
        <Section
          id="sign-in"
          title="Sign-in through an identity provider"
          edit={canWrite ? `${url}/sign-in` : undefined}
        >
          <SignInFacts organization={organization} hasSecret={hasCredential} />
        </Section>
        <section aria-labelledby="webhooks">
          <h2 id="webhooks">Webhooks</h2>
          <p>
            <a href={`${url}/webhooks`}>Webhooks</a> send the events of the audit log to other systems, such as a SIEM.
          </p>
        </section>
        {!canWrite && (
          <p class="muted">
            This session is read-only. Changes require the scope <code>admin:write</code>.
          </p>
        )}
      </Layout>,
    );
  };
}

function Section({
  id,
  title,
  edit,
  children,
}: {
  readonly id: string;
  readonly title: string;
  readonly edit: string | undefined;
  readonly children: VNode;
}): VNode {
  return (
    <section aria-labelledby={id}>
      <h2 id={id}>{title}</h2>
      {children}
      {edit !== undefined && (
        <p class="actions">
          <a class="button secondary" href={edit} aria-label={`Change: ${title}`}>
            Change
          </a>
        </p>
      )}
    </section>
  );
}

const OrganizationFacts = ({ organization }: { readonly organization: Organization }): VNode => {
  const { maxTtlDays, defaultTtlDays, allowedTypes } = organization.tokenPolicy ?? {};
  return (
    <dl class="facts">
      <Fact name="Name">{organization.name}</Fact>
      <Fact name="Slug">
        <code>{organization.slug}</code> <span class="muted">never changes</span>
      </Fact>
      <Fact name="Id">
        <code>{organization.id}</code>
      </Fact>
      <Fact name="Longest lifetime of tokens">{toDays(maxTtlDays, "As in the installation")}</Fact>
      <Fact name="Default lifetime of tokens">{toDays(defaultTtlDays, "The longest one")}</Fact>
      <Fact name="Types of tokens">{allowedTypes ? <Codes values={allowedTypes} /> : "All"}</Fact>
    </dl>
  );
};

const toDays = (days: number | undefined, absent: string): string =>
  days === undefined ? absent : `${days} ${days === 1 ? "day" : "days"}`;

const SignInFacts = ({
  organization: { consoleSignIn },
  hasSecret,
}: {
  readonly organization: Organization;
  readonly hasSecret: boolean;
}): VNode => {
  if (!consoleSignIn) return <p class="empty">Not set: administrators sign in with tokens.</p>;
  const { issuer, clientId, matchUsersBy, externalIdClaim, groupsClaim, roles } = consoleSignIn;
  return (
    <dl class="facts">
      <Fact name="Issuer">
        <code>{issuer}</code>
      </Fact>
      <Fact name="Client">
        <code>{clientId}</code> <span class="muted">{hasSecret ? "with a secret" : "without a secret"}</span>
      </Fact>
      <Fact name="Users are found by">
        {matchUsersBy === "email" ? "Verified e-mail address" : `External id, in the claim ${externalIdClaim}`}
      </Fact>
      <Fact name="Groups claim">
        <code>{groupsClaim}</code>
      </Fact>
      {(["read", "write", "full"] as const).map((role) => {
        const { idTokenGroups, groups = [] } = { groups: [], ...roles[role] };
        return (
          <Fact key={role} name={roleNames[role]}>
            {idTokenGroups.length + groups.length === 0 && <span class="muted">No user</span>}
            {idTokenGroups.length > 0 && <Codes values={idTokenGroups} />}
            {groups.length > 0 && `${groups.length} ${groups.length === 1 ? "group" : "groups"} of the directory`}
          </Fact>
        );
      })}
    </dl>
  );
};

const roleNames = { read: "Read", write: "Write", full: "Full access" } as const;
