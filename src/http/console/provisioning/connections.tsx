import type { VNode } from "preact";
import type { ProvisioningConnection } from "../../../domain/audit/provisioning-connections.ts";
import { toTokenStatus } from "../../../domain/tokens/status.ts";
import { CardTable } from "../facts.tsx";
import { Time } from "../time.tsx";

const columns = ["Token", "Status", "Last request", "Last success", "Last failure", "Last 24 hours"] as const;

/** The connections of identity providers, one for each token. */
export const ConnectionTable = ({
  base,
  connections,
}: {
  readonly base: string;
  readonly connections: readonly ProvisioningConnection[];
}): VNode => (
  <CardTable caption="Connections in the order in which their tokens were created" columns={columns}>
    {connections.map((connection) => (
      <ConnectionRow key={connection.id} base={base} connection={connection} />
    ))}
  </CardTable>
);

function ConnectionRow({
  base,
  connection: { token, status, lastDay },
}: {
  readonly base: string;
  readonly connection: ProvisioningConnection;
}): VNode {
  const url = `${base}/provisioning`;
  const { lastFailure } = status ?? {};
  return (
    <tr>
      <th scope="row">
        <a href={`${url}/requests?actorId=${token.id}`}>{token.name}</a>
        <a class="sub" href={`${url}/live?token=${token.id}`}>
          Wait for a request<span class="hidden"> of {token.name}</span>
        </a>
      </th>
      <td data-label="Status">
        <ConnectionState token={token} {...(status && { status })} />
      </td>
      <td data-label="Last request">
        <Time at={status?.lastRequestAt} absent="None" />
      </td>
      <td data-label="Last success">
        <Time at={status?.lastSuccessAt} absent="None" />
      </td>
      <td data-label="Last failure">
        <Time at={lastFailure?.at} absent="None" />
        {lastFailure && (
          <span class="sub">
            <a href={`${url}/requests?requestId=${encodeURIComponent(lastFailure.requestId)}`}>
              {lastFailure.method} {lastFailure.path}
            </a>
            : {lastFailure.status}. {lastFailure.detail ?? lastFailure.cause}
          </span>
        )}
      </td>
      <td data-label="Last 24 hours">
        {lastDay.requests} requests
        <span class="sub">{lastDay.failures} failed</span>
      </td>
    </tr>
  );
}

/** Whether a connection works, as a word with a color. */
function ConnectionState({ token, status }: Pick<ProvisioningConnection, "token" | "status">): VNode {
  const tokenStatus = toTokenStatus(token);
  if (tokenStatus !== "active") return <span class={`status ${tokenStatus}`}>token {tokenStatus}</span>;
  if (!status) return <span class="status waiting">no request yet</span>;
  const isFailing = (status.lastFailure?.at ?? "") > (status.lastSuccessAt ?? "");
  return isFailing ? (
    <span class="status revoked">last request failed</span>
  ) : (
    <span class="status active">working</span>
  );
}
