import type { VNode } from "preact";
import type { FormErrors } from "./form.ts";

/** The errors of all fields with links to them, so that no field has to be searched for. An error without a field is text. */
export const ErrorSummary = ({ heading, errors }: { readonly heading: string; readonly errors: FormErrors }): VNode => (
  <div class="notice error" role="alert">
    <p>{heading}</p>
    <ul>
      {errors.all.map(([field, messages]) => (
        <li key={field}>{field === "" ? messages.join(" ") : <a href={`#${field}`}>{messages.join(" ")}</a>}</li>
      ))}
    </ul>
  </div>
);
