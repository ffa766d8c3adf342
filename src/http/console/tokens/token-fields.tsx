import type { VNode } from "preact";
import { LinesField } from "../fields.tsx";
import type { FormErrors } from "../form.ts";

interface TokenFieldProps {
  readonly value: string;
  readonly errors: FormErrors | undefined;
}

/** The description of a token, in every form. */
export const DescriptionField = (props: TokenFieldProps): VNode => (
  <LinesField name="description" label="Description (optional)" {...props} />
);

/** The addresses from which a token can be used, in every form. */
export const AllowedIpsField = (props: TokenFieldProps): VNode => (
  <LinesField
    name="allowedIps"
    label="Allowed addresses (optional)"
    hint="IP addresses and CIDR ranges from which the token can be used, one per line. Empty: any address."
    {...props}
  />
);
