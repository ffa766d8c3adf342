import type { ComponentChildren, VNode } from "preact";
import { csrfFieldName } from "./csrf.ts";
import type { FormErrors } from "./form.ts";
import type { Visit } from "./visit.ts";

/** The hidden field that proves that a form belongs to the session. */
export function CsrfField({ visit }: { readonly visit: Visit }): VNode {
  return <input type="hidden" name={csrfFieldName} value={visit.csrfField} />;
}

export interface FieldProps {
  readonly name: string;
  readonly label: string;
  readonly hint?: ComponentChildren;
  readonly errors?: FormErrors | undefined;
}

/** The attributes that connect a control with its hint and its error, for screen readers. */
export function describedBy({ name, hint, errors }: FieldProps): {
  readonly "aria-describedby"?: string;
  readonly "aria-invalid"?: "true";
} {
  const isInvalid = errors?.of(name).length;
  const ids = [...(hint === undefined ? [] : [`${name}-hint`]), ...(isInvalid ? [`${name}-error`] : [])];
  return {
    ...(ids.length > 0 && { "aria-describedby": ids.join(" ") }),
    ...(isInvalid && { "aria-invalid": "true" as const }),
  };
}

/** The hint and the error messages of a field. */
export function FieldNotes({ name, hint, errors }: FieldProps): VNode {
  const messages = errors?.of(name) ?? [];
  return (
    <>
      {hint !== undefined && (
        <p class="hint" id={`${name}-hint`}>
          {hint}
        </p>
      )}
      {messages.length > 0 && (
        <p class="error" id={`${name}-error`}>
          {messages.join(" ")}
        </p>
      )}
    </>
  );
}

/** A field of one line, with its label. */
export function TextField(
  props: FieldProps & {
    readonly value?: string;
    readonly type?: "text" | "password" | "date";
    readonly required?: boolean;
    readonly maxLength?: number;
    readonly autofocus?: boolean;
  },
): VNode {
  const { name, label, value = "", type = "text", required = false, maxLength, autofocus = false } = props;
  return (
    <div class="field">
      <label for={name}>{label}</label>
      <input
        id={name}
        // A type that is a variable matches no member of the union of the attributes by type.
        {...{ type: type as "text" }}
        {...{ name, value, required, maxLength }}
        {...(autofocus && { autofocus })}
        autocomplete="off"
        spellcheck={false}
        {...describedBy(props)}
      />
      <FieldNotes {...props} />
    </div>
  );
}

/** A field with one value per line. */
export function LinesField(props: FieldProps & { readonly value: string; readonly rows?: number }): VNode {
  const { name, label, value, rows = 3 } = props;
  return (
    <div class="field">
      <label for={name}>{label}</label>
      <textarea id={name} {...{ name, rows }} autocomplete="off" spellcheck={false} {...describedBy(props)}>
        {value.startsWith("\n") ? `\n${value}` : value /* browsers drop the first line break */}
      </textarea>
      <FieldNotes {...props} />
    </div>
  );
}

/** A list of choices. @param options the texts by value */
export function SelectField(
  props: FieldProps & { readonly value: string; readonly options: Readonly<Record<string, string>> },
): VNode {
  const { name, label, value, options } = props;
  return (
    <div class="field">
      <label for={name}>{label}</label>
      <select id={name} name={name} {...describedBy(props)}>
        {Object.entries(options).map(([each, text]) => (
          <option key={each} value={each} selected={each === value}>
            {text}
          </option>
        ))}
      </select>
      <FieldNotes {...props} />
    </div>
  );
}

/** One choice of a group of radio buttons or check boxes. */
export function Choice({
  type,
  name,
  value,
  id = `${name}-${value}`,
  checked,
  label,
  hint,
  class: className = "",
}: {
  readonly type: "radio" | "checkbox";
  readonly name: string;
  readonly value: string;
  readonly id?: string;
  readonly checked: boolean;
  readonly label: ComponentChildren;
  readonly hint?: ComponentChildren;
  readonly class?: string;
}): VNode {
  return (
    <div class={`choice ${className}`.trim()}>
      <input
        {...{ type, id, name, value, checked }}
        {...(hint !== undefined && { "aria-describedby": `${id}-hint` })}
      />
      <label for={id}>{label}</label>
      {hint !== undefined && (
        <span class="hint" id={`${id}-hint`}>
          {hint}
        </span>
      )}
    </div>
  );
}

/** One check box, whose value is `true` if it is checked. */
export const CheckBox = ({
  name,
  ...props
}: {
  readonly name: string;
  readonly checked: boolean;
  readonly label: ComponentChildren;
  readonly hint?: ComponentChildren;
}): VNode => <Choice type="checkbox" name={name} value="true" id={name} {...props} />;

/** The button that submits a form, and the link that leaves it. */
export const FormActions = ({ submit, cancelUrl }: { readonly submit: string; readonly cancelUrl: string }): VNode => (
  <div class="actions">
    <button type="submit">{submit}</button>
    <a href={cancelUrl}>Cancel</a>
  </div>
);
