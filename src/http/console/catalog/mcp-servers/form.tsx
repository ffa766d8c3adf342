import type { VNode } from "preact";
import type { McpServer } from "../../../../../schemas/mcp-server.ts";
import { Choice, LinesField, SelectField, TextField } from "../../fields.tsx";
import { readValueLines, splitLines, toValueLine } from "../../value-lines.ts";
import { type FormValues, toOptional } from "../form-values.ts";
import type { FormFieldsProps, ResourceForm } from "../section.ts";

/** The fields of OAuth 2.0 by the key of the body. */
const oauthFields = {
  authorizationUrl: "Authorization URL",
  tokenUrl: "Token URL",
  revocationUrl: "Revocation URL (optional)",
  issuer: "Issuer (optional)",
  resource: "Resource (optional)",
  clientId: "Client id",
  redirectUri: "Redirect URI of a client that receives the response itself (optional)",
} as const;
type OAuthField = keyof typeof oauthFields;
const oauthNames = Object.keys(oauthFields) as readonly OAuthField[];

/** The form of an MCP server. Its tools have forms of their own. */
export const mcpServerForm: ResourceForm<McpServer> = {
  keys: {
    ...{ name: ["name"], description: ["description"], status: ["status"], environment: ["environment"] },
    transport: ["transport"],
    url: ["transport", "url"],
    timeoutSeconds: ["transport", "timeoutSeconds"],
    command: ["transport", "command"],
    args: ["transport", "args"],
    auth: ["authType", "authHeader", ...oauthNames, "clientAuthentication", "oauthScopes"],
  },
  assignmentKey: "assignment",
  texts: ["description"],
  labels: {
    ...{ name: "Name", description: "Description", status: "Status", environment: "Environment" },
    ...{ transport: "Transport", url: "URL", timeoutSeconds: "Time limit", command: "Command", args: "Arguments" },
    ...{ authType: "Authentication", authHeader: "Header", ...oauthFields },
    ...{ clientAuthentication: "Client authentication", oauthScopes: "Scopes" },
  },
  defaults: { status: "draft", transport: "http", authType: "none", authHeader: "Authorization" },
  toValues: ({ name, description, status, environment, transport, url, timeoutSeconds, command, args, auth }) => ({
    ...{ name, status, transport },
    ...{ description: description ?? "", environment: environment ?? "", url: url ?? "", command: command ?? "" },
    timeoutSeconds: timeoutSeconds === undefined ? "" : String(timeoutSeconds),
    args: (args ?? []).map(toValueLine).join("\n"),
    authType: auth.type,
    authHeader: auth.type === "apiKey" ? auth.header : "Authorization",
    ...Object.fromEntries(oauthNames.map((field) => [field, (auth.type === "oauth2" && auth[field]) || ""])),
    clientAuthentication: (auth.type === "oauth2" && auth.clientAuthentication) || "",
    oauthScopes: auth.type === "oauth2" ? auth.scopes.join("\n") : "",
  }),
  toBody: (values) => {
    const isHttp = values["transport"] === "http";
    const args = readValueLines(values["args"], "args");
    return {
      ...{ name: values["name"], status: values["status"], transport: values["transport"] },
      description: toOptional(values["description"]),
      environment: toOptional(values["environment"]),
      // The stylesheet hides the fields of the other transport, so that an error of one could not be seen.
      url: isHttp ? toOptional(values["url"]) : undefined,
      timeoutSeconds: isHttp ? toSeconds(values["timeoutSeconds"] ?? "") : undefined,
      command: isHttp ? undefined : toOptional(values["command"]),
      args: isHttp || args.length === 0 ? undefined : args,
      auth: toAuth(values),
    };
  },
  rename: {
    ...{ auth: "authType", "auth/type": "authType", "auth/header": "authHeader", "auth/scopes": "oauthScopes" },
    ...Object.fromEntries([...oauthNames, "clientAuthentication"].map((field) => [`auth/${field}`, field])),
  },
  Fields: McpServerFields,
};

/** A number that is none stays a string, so that the validation reports it. */
const toSeconds = (text: string): number | string | undefined =>
  /^\d{1,9}$/.test(text) ? Number(text) : toOptional(text);

function toAuth(values: FormValues): Readonly<Record<string, unknown>> {
  const { authType: type } = values;
  if (type === "apiKey") return { type, header: toOptional(values["authHeader"]) };
  if (type !== "oauth2") return { type };
  return Object.fromEntries(
    Object.entries({
      type,
      ...Object.fromEntries(oauthNames.map((field) => [field, toOptional(values[field])])),
      clientAuthentication: toOptional(values["clientAuthentication"]),
      scopes: splitLines(values["oauthScopes"]),
    }).filter(([, value]) => value !== undefined),
  );
}

function McpServerFields({ values, errors }: FormFieldsProps): VNode {
  const props = (name: string) => ({ name, value: values[name] ?? "", errors });
  return (
    <>
      <LinesField {...props("description")} label="Description (optional)" />
      <SelectField
        {...props("status")}
        label="Status"
        options={{ draft: "Draft: visible to administrators only", active: "Active" }}
      />
      <TextField
        {...props("environment")}
        label="Environment (optional)"
        hint="Such as production. Tokens can be restricted to one environment."
      />
      <fieldset id="transport" tabIndex={-1}>
        <legend>Transport</legend>
        <Radios name="transport" values={values} options={{ http: "http: a URL", stdio: "stdio: a command" }} />
        <div class="for-http">
          <TextField {...props("url")} label="URL" />
          <TextField
            {...props("timeoutSeconds")}
            label="Time limit of a call in seconds (optional)"
            hint="1 to 120. Empty: 30."
          />
        </div>
        <div class="for-stdio">
          <TextField {...props("command")} label="Command" />
          <LinesField {...props("args")} label="Arguments" hint={argumentsHint} />
        </div>
      </fieldset>
      <fieldset id="authType" tabIndex={-1}>
        <legend>Authentication of users at the server</legend>
        <Radios
          name="authType"
          values={values}
          options={{ none: "None", apiKey: "API key in a header", oauth2: "OAuth 2.0" }}
        />
        <div class="for-api-key">
          <TextField {...props("authHeader")} label="Header" />
        </div>
        <div class="for-oauth2">
          {oauthNames.map((name) => (
            <TextField key={name} {...props(name)} label={oauthFields[name]} />
          ))}
          <SelectField
            {...props("clientAuthentication")}
            label="Client authentication"
            options={{ "": "Default: HTTP Basic", basic: "HTTP Basic", post: "In the body" }}
          />
          <LinesField {...props("oauthScopes")} label="Scopes" hint="One per line." />
        </div>
      </fieldset>
    </>
  );
}

const argumentsHint = 'One per line. An argument with line breaks or spaces around it is a JSON string, such as " a".';

const Radios = ({
  name,
  values,
  options,
}: {
  readonly name: string;
  readonly values: FormValues;
  readonly options: Readonly<Record<string, string>>;
}): VNode => (
  <>
    {Object.entries(options).map(([value, label]) => (
      <Choice key={value} type="radio" checked={values[name] === value} {...{ name, value, label }} />
    ))}
  </>
);
