import { type SetupGuide, toScimToken } from "./guide.ts";

const secret = "the secret of the token";
const secretWithoutScheme = "the secret of the token, without `Bearer`";

/** The identity providers that are connected by SCIM. @param publicUrl the URL of the service, without a slash at the end */
export function toIdentityProviderGuides(publicUrl: string): readonly SetupGuide[] {
  const scim = `\`${publicUrl}/scim/v2\``;
  return [
    {
      ...{ slug: "okta", name: "Okta", kind: "identity provider", token: toScimToken("Okta") },
      summary: "App integrations with SCIM.",
      steps: [
        {
          text: "In the Admin Console, open **Applications** and your app integration (SAML or SWA). On the **General** tab, edit **App Settings**, set **Provisioning** to **SCIM**, and save.",
        },
        {
          text: "On the **Provisioning** tab, edit **Integration**:",
          fields: [
            ["SCIM connector base URL", scim],
            ["Unique identifier field for users", "`userName`"],
            [
              "Supported provisioning actions",
              "Push New Users, Push Profile Updates, Push Groups; Import New Users and Profile Updates if users already exist",
            ],
            ["Authentication Mode", "HTTP Header"],
            ["Authorization (Bearer)", secret],
          ],
        },
        { text: "Choose **Test Connector Configuration**, then save." },
        {
          text: "Under **Provisioning > To App**, enable **Create Users**, **Update User Attributes** and **Deactivate Users**.",
        },
        { text: "Assign users or groups on the **Assignments** tab. Push groups on the **Push Groups** tab." },
      ],
    },
    {
      ...{ slug: "entra", name: "Microsoft Entra ID", kind: "identity provider", token: toScimToken("Entra ID") },
      summary: "Applications that are not in the gallery.",
      steps: [
        {
          text: "In the Entra admin center, open **Enterprise applications > New application > Create your own application**, and choose **Integrate any other application you don't find in the gallery (Non-gallery)**.",
        },
        {
          text: "Open **Provisioning** and enter the credentials:",
          fields: [
            ["Tenant URL", scim],
            ["Secret Token", secret],
          ],
        },
        { text: "Choose **Test Connection**, then save." },
        {
          text: "Review **Mappings**, assign users and groups, and start provisioning. **Provision on demand** tests one user at once.",
        },
      ],
      alternative: {
        title: "OAuth 2.0 client credentials",
        fields: [
          ["token endpoint", `\`${publicUrl}/oauth/token\``],
          ["client identifier", "the id of the token: `tok_...`"],
          ["client secret", secret],
        ],
      },
    },
    {
      ...{ slug: "onelogin", name: "OneLogin", kind: "identity provider", token: toScimToken("OneLogin") },
      summary: "SCIM Provisioner with SAML.",
      steps: [
        {
          text: "Open **Apps > Add Apps** and add **SCIM Provisioner with SAML (SCIM v2 Enterprise)**, or **(Core Schema)** if you do not need the enterprise attributes.",
        },
        {
          text: "On the **Configuration** tab:",
          fields: [
            ["SCIM Base URL", scim],
            ["SCIM Bearer Token", secretWithoutScheme],
            ["SCIM JSON Template", "below"],
          ],
        },
        { text: "Choose **Enable** for the API connection." },
        {
          text: "On the **Provisioning** tab, select **Enable provisioning**, and what happens when users are deleted in OneLogin: *Suspend* sends `active: false`, *Delete* sends `DELETE`.",
        },
        {
          text: "Assign the app to users by a role. To create groups, add a parameter for groups and a rule that sets it.",
        },
      ],
      examples: [{ title: "SCIM JSON Template", text: oneLoginTemplate }],
    },
    {
      ...{ slug: "jumpcloud", name: "JumpCloud", kind: "identity provider", token: toScimToken("JumpCloud") },
      summary: "Custom SCIM integration.",
      steps: [
        {
          text: "In the Admin Portal, open the SSO application for Gatehouse, or add a custom one, and its **Identity Management** tab.",
        },
        {
          text: "Enter:",
          fields: [
            ["SCIM Version", "SCIM 2.0"],
            ["Base URL", scim],
            ["Token Key", secretWithoutScheme],
            ["Test User Email", "an address that no user has"],
          ],
        },
        {
          text: "Select **Enable management of User Groups and Group Membership in this application** to provision groups.",
        },
        { text: "Choose **Test Connection**, then **Activate**, and save." },
        { text: "Under **User Groups**, select the groups whose members are provisioned." },
      ],
    },
    {
      ...{ slug: "keycloak", name: "Keycloak", kind: "identity provider", token: toScimToken("Keycloak") },
      summary: "Extensions that push users by SCIM.",
      steps: [
        { text: "Copy the extension into the directory `providers` of Keycloak, and restart Keycloak." },
        {
          text: "Under **Events > Config**, add `scim` to **Event Listeners**, so that changes are sent at once.",
        },
        {
          text: "Under **User Federation**, choose **Add provider** and `scim`, and enter what it requests:",
          fields: [
            ["endpoint", scim],
            ["content type of the endpoint", "`application/scim+json`; `application/json` works too"],
            ["authentication", "bearer"],
            ["token or password", secret],
            ["import during a synchronization", "off, unless users exist in Gatehouse that Keycloak lacks"],
          ],
        },
        {
          text: "Start a synchronization of all users once. Without it, users are sent when they change.",
        },
      ],
    },
  ];
}

const oneLoginTemplate = `{
  "schemas": [
    "urn:ietf:params:scim:schemas:core:2.0:User",
    "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"
  ],
  "userName": "{$parameters.scimusername}",
  "name": { "givenName": "{$user.firstname}", "familyName": "{$user.lastname}" },
  "displayName": "{$user.display_name}",
  "emails": [{ "value": "{$user.email}", "type": "work", "primary": true }],
  "title": "{$parameters.title}",
  "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User": {
    "department": "{$parameters.department}",
    "manager": { "value": "{$parameters.external_manager_id}" }
  }
}`;
