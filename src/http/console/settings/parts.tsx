import type { VNode } from "preact";

/** The way back from a page of the settings. */
export const SettingsTrail = ({ base }: { readonly base: string }): VNode => (
  <p class="trail">
    <a href={`${base}/settings`}>Settings</a>
  </p>
);
