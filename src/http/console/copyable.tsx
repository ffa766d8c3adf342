import type { VNode } from "preact";

/** A text with a button that copies it. The button is hidden until the script runs. */
export const Copyable = ({
  id,
  label,
  text,
}: {
  readonly id: string;
  readonly label: string;
  readonly text: string;
}): VNode => (
  <section class="copyable" aria-labelledby={`${id}-label`}>
    <h2 id={`${id}-label`}>{label}</h2>
    <pre>
      <code id={id}>{text}</code>
    </pre>
    <div class="copy">
      <button type="button" class="secondary" hidden data-copy={id} aria-describedby={`${id}-copied`}>
        Copy
      </button>
      <span id={`${id}-copied`} role="status" class="muted" />
    </div>
  </section>
);
