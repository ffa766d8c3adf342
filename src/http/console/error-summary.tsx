import type { VNode } from "preact";
import type { FormErrors } from "./form.ts";

/**
 * The errors of all fields of a submitted form with links to them, so that no field has to be searched for.
 * @param title what did not happen
 */
export const ErrorSummary = ({ title, errors }: { readonly title: string; readonly errors: FormErrors }): VNode => (
  <div class="notice error" role="alert">
    <p>{title}</p>
    <ul>
      {errors.all.map(([field, messages]) => (
        <li key={field}>
          <a href={`#${field}`}>{messages.join(" ")}</a>
        </li>
      ))}
    </ul>
  </div>
);
