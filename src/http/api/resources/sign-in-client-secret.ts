import { clientSecretInput, credentialStatus } from "../../../../schemas/credential.ts";
import { defineOperation, type Operation } from "../kernel/operation.ts";

const route = { path: "/organization/console-sign-in/client-secret", tag: "Organization" } as const;

/** The operations on the client secret of the console's sign-in. */
export const signInClientSecretOperations: readonly Operation[] = [
  defineOperation({
    operationId: "getConsoleSignInClientSecret",
    method: "get",
    ...route,
    summary: "Get the status of the client secret of the console's sign-in",
    description: "Returns whether a client secret is stored for `consoleSignIn.clientId`, without the secret.",
    organization: {
      scopes: ["admin:read"],
      responses: { 200: credentialStatus },
      handle: async ({ caller }, { signInSecrets }) => ({
        status: 200,
        body: await signInSecrets.describe(caller.organizationId),
      }),
    },
  }),
  defineOperation({
    operationId: "putConsoleSignInClientSecret",
    method: "put",
    ...route,
    body: clientSecretInput,
    summary: "Store the client secret of the console's sign-in",
    description:
      "Stores the secret of the client `consoleSignIn.clientId`. It is sent to the token endpoint of `consoleSignIn.issuer` and is stored encrypted. No response, audit event or log contains it. A change of the issuer deletes it. Without a secret, this service is a public client, which PKCE protects.",
    errorCodes: ["conflict", "not-implemented"],
    organization: {
      scopes: ["admin:write"],
      responses: { 200: credentialStatus },
      handle: async ({ caller, body }, { signInSecrets }) => ({
        status: 200,
        body: await signInSecrets.set(caller, body.value),
      }),
    },
  }),
  defineOperation({
    operationId: "deleteConsoleSignInClientSecret",
    method: "delete",
    ...route,
    summary: "Delete the client secret of the console's sign-in",
    description: "Deletes the stored secret. Without one, this service is a public client, which PKCE protects.",
    organization: {
      scopes: ["admin:write"],
      responses: { 204: null },
      handle: async ({ caller }, { signInSecrets }) => {
        await signInSecrets.remove(caller);
        return { status: 204 };
      },
    },
  }),
];
