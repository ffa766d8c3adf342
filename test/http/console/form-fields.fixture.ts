import { expect } from "chai";
import type { BrowserResponse, TestBrowser } from "./browser.fixture.ts";

/** Returns the fields of the last form of a page with the values that a browser would send for them. */
export function readFormFields({ html }: Pick<BrowserResponse, "html">): Record<string, string> {
  const form = html.slice(html.lastIndexOf('<form method="post"'));
  const fields: Record<string, string> = {};
  for (const [tag] of form.matchAll(/<input [^>]*>/g)) {
    const attribute = (name: string): string => decode(new RegExp(` ${name}="([^"]*)"`).exec(tag)?.[1] ?? "");
    const isChoice = /type="(?:radio|checkbox)"/.test(tag);
    if (!isChoice || tag.includes(" checked")) fields[attribute("name")] = attribute("value");
  }
  for (const [, name = "", text = ""] of form.matchAll(/<textarea [^>]*name="(\w+)"[^>]*>([^<]*)</g))
    fields[name] = decode(text.replace(/^\n/, "")).replaceAll(/\r\n?|\n/g, "\r\n");
  for (const [, name = "", options = ""] of form.matchAll(/<select [^>]*name="(\w+)"[^>]*>(.*?)<\/select>/gs)) {
    const selected = [...options.matchAll(/<option [^>]*>/g)].find(([tag]) => tag.includes(" selected"))?.[0] ?? "";
    fields[name] = decode(/ value="([^"]*)"/.exec(selected)?.[1] ?? "");
  }
  return fields;
}

const decode = (text: string): string =>
  text.replaceAll("&quot;", '"').replaceAll("&lt;", "<").replaceAll("&gt;", ">").replaceAll("&amp;", "&");

/** Opens a form, changes some of its fields, and submits it as a browser does. */
export async function submitForm(
  browser: TestBrowser,
  formPath: string,
  action: string,
  changes: Readonly<Record<string, string>>,
): Promise<BrowserResponse> {
  const page = await browser.get(formPath);
  expect(page.status, formPath).to.equal(200);
  return browser.post(action, { ...readFormFields(page), ...changes });
}
