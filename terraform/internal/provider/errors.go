package provider

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/tfsdk"

	"github.com/gatehouse/terraform-provider-gatehouse/internal/service"
)

// report adds the diagnostics of a failed change: at the attribute that the service names, and with how to fix it.
func (r *kindResource[M]) report(ctx context.Context, diags *diag.Diagnostics, plan tfsdk.Plan, verb string, model M, err error) {
	title, key := r.kind.title, r.kind.parts(&model).key
	summary := fmt.Sprintf("The %s cannot be %sd", title, verb)
	var problem *service.Problem
	if !errors.As(err, &problem) {
		diags.AddError(summary, describe(err))
		return
	}
	if problem.Errors != nil && !plan.Raw.IsNull() {
		attributes, advice := r.kind.schema(ctx).Attributes, ""
		if problem.Code() == "conflict" && verb == "create" {
			advice = adviceToImport(title, r.address())
		}
		for _, each := range *problem.Errors {
			addAt(diags, resolvePointer(ctx, attributes, plan, each.Pointer), summary, sentence(each.Detail)+advice)
		}
		if diags.HasError() {
			return
		}
	}
	diags.AddError(summary, explain(verb, title, key, r.kind.key, r.address(), problem))
}

func (r *kindResource[M]) address() string {
	return providerName + "_" + r.kind.name
}

// explain describes an error of a whole request, and how to fix it.
func explain(verb, title, key, keyName, address string, problem *service.Problem) string {
	switch {
	case problem.HTTPStatus == http.StatusPreconditionFailed && verb == "create":
		return fmt.Sprintf("There is a %s with the %s %q already. To manage it here, import it: "+
			"terraform import %s.NAME %q", title, keyName, key, address, key)
	case problem.HTTPStatus == http.StatusPreconditionFailed:
		return fmt.Sprintf("Another client has changed the %s %q since the plan. Nothing was overwritten. "+
			"Plan again and review the difference.", title, key)
	case problem.Code() == "conflict" && verb == "create":
		return describe(problem) + adviceToImport(title, address)
	case problem.Code() == "managed":
		return fmt.Sprintf("The identity provider manages the %s %q. Change it there, read it with a data source instead, or "+
			"set override = true: the identity provider may overwrite the change. %s", title, key, describe(problem))
	case problem.Code() == "referenced":
		return describeBlockers(title, key, problem)
	default:
		return describe(problem)
	}
}

func adviceToImport(title, address string) string {
	return fmt.Sprintf(" To manage the %s that exists, import it: terraform import %s.NAME IDENTIFIER", title, address)
}

func describeBlockers(title, key string, problem *service.Problem) string {
	var text strings.Builder
	fmt.Fprintf(&text, "Other resources refer to the %s %q:\n", title, key)
	for _, blocker := range service.BlockersOf(problem) {
		name := blocker.Slug
		if name == "" {
			name = blocker.ID
		}
		fmt.Fprintf(&text, "  - %s %s (%s)\n", blocker.Type, name, blocker.Name)
	}
	text.WriteString("Terraform deletes before it updates. With force_destroy = true, applied before the deletion, the " +
		"service removes these references as well. A policy or token whose meaning would change still blocks the deletion. ")
	text.WriteString(describe(problem))
	return text.String()
}

func describe(err error) string {
	if errors.Is(err, context.DeadlineExceeded) {
		return "The time limit was reached. A longer one can be set with timeouts, or request_timeout of the provider: " + err.Error()
	}
	return sentence(err.Error())
}

// sentence ends a message with a period.
func sentence(text string) string {
	if text == "" || strings.HasSuffix(text, ".") {
		return text
	}
	return text + "."
}

// addAt adds an error at the top-level attribute of a path: Terraform shows the line of no deeper one.
func addAt(diags *diag.Diagnostics, at path.Path, summary, detail string) {
	steps := at.Steps()
	if len(steps) == 0 {
		diags.AddError(summary, detail)
		return
	}
	if len(steps) > 1 {
		detail = at.String() + ": " + detail
	}
	diags.AddAttributeError(path.Empty().AtName(steps[0].String()), summary, detail)
}
