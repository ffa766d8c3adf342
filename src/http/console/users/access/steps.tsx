import type { ComponentChildren, VNode } from "preact";
import type { AccessStep } from "../../../../../schemas/access.ts";
import type { AccessDecision } from "../../../../domain/access/access-resolver.ts";
import { toResourceUrl } from "../../target-path.ts";
import { Reasons } from "./reasons.tsx";
import { checkTexts, obstacleTexts, toolTexts } from "./texts.ts";

/** A decision with all checks in their order. */
export function DecisionSteps({
  base,
  title,
  decision: { isAllowed, steps },
}: {
  readonly base: string;
  readonly title: string;
  readonly decision: AccessDecision;
}): VNode {
  const id = title.toLowerCase().replaceAll(" ", "-");
  return (
    <section class="decision" aria-labelledby={id}>
      <h2 id={id}>{title}</h2>
      <p>
        <span class={`status ${isAllowed ? "active" : "revoked"}`}>{isAllowed ? "Can use it" : "Cannot use it"}</span>
      </p>
      <ol class="steps">
        {steps.map((step) => (
          <li key={step.check} class={step.outcome}>
            <strong>{checkTexts[step.check]}</strong> <span class="outcome">{step.outcome}</span>
            <div>{describeStep(base, step)}</div>
          </li>
        ))}
      </ol>
    </section>
  );
}

function describeStep(base: string, step: AccessStep): ComponentChildren {
  const hasPassed = step.outcome === "passed";
  switch (step.check) {
    case "user":
      return hasPassed ? "The user is active." : "The user is inactive: no request can act as the user.";
    case "owner":
      return "The user owns it. Assignments and policies do not apply.";
    case "resource":
      return hasPassed ? "It is neither a draft nor disabled." : "It is a draft or disabled: no user can use it.";
    case "grant":
      return hasPassed ? (
        <Reasons base={base} explanation={step} />
      ) : (
        "It is not assigned to everyone, to the user or to a group that contains the user, and no policy allows it."
      );
    case "denial":
      return hasPassed ? "None." : <Reasons base={base} explanation={{ ...step, assignments: [] }} />;
    case "tool":
      return (
        <>
          The tool is {toolTexts[step.verdict]}
          {step.policy !== undefined && (
            <>
              {" "}
              (policy{" "}
              <a href={toResourceUrl(base, "policy", step.policy)}>
                <code>{step.policy}</code>
              </a>
              )
            </>
          )}
          .
        </>
      );
    case "token":
      return hasPassed ? "It can be used for this." : step.obstacles.map((each) => obstacleTexts[each]).join(" ");
  }
}
