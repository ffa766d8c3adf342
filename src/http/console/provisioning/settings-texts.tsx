import type { VNode } from "preact";
import {
  type Organization,
  type ProvisioningSettings,
  provisioningSettings,
} from "../../../../schemas/organization.ts";
import { Fact } from "../facts.tsx";

/** The settings of provisioning with their choices, in the order of the page. */
export const settingTexts: {
  readonly [Name in keyof ProvisioningSettings]: {
    readonly label: string;
    readonly choices: Readonly<Record<ProvisioningSettings[Name], string>>;
  };
} = {
  unknownAttributes: {
    label: "Attributes that no schema defines",
    choices: {
      ignore: "Ignore them, and name them in the request log",
      reject: "Reject the request",
    },
  },
  unknownMembers: {
    label: "Members to add to a group that do not exist",
    choices: {
      reject: "Reject the request",
      ignore: "Ignore them",
    },
  },
  replaceWithoutMatch: {
    label: "Replace through a filter that matches no element",
    choices: {
      reject: "Reject the request, as RFC 7644 section 3.5.2.3 requires",
      add: "Add the element",
    },
  },
};

export const settingNames = Object.keys(settingTexts) as readonly (keyof ProvisioningSettings)[];

/** Returns the settings of an organization with their defaults. */
export const toSettings = ({ provisioning }: Pick<Organization, "provisioning">): ProvisioningSettings =>
  provisioning ?? provisioningSettings.parse({});

/** The chosen settings. */
export const SettingFacts = ({ settings }: { readonly settings: ProvisioningSettings }): VNode => (
  <dl class="facts">
    {settingNames.map((name) => (
      <Fact key={name} name={settingTexts[name].label}>
        {(settingTexts[name].choices as Readonly<Record<string, string>>)[settings[name]]}
      </Fact>
    ))}
  </dl>
);
