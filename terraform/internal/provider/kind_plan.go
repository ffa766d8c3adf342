package provider

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/tfsdk"
)

// plannedChange is what Terraform intends to do with a resource.
type plannedChange struct {
	plan  tfsdk.Plan
	state tfsdk.State
	diags *diag.Diagnostics
}

func (c plannedChange) isCreation() bool { return c.state.Raw.IsNull() }
func (c plannedChange) isDeletion() bool { return c.plan.Raw.IsNull() }

// changesNothing returns whether the plan is the state.
func (c plannedChange) changesNothing() bool {
	return !c.isDeletion() && c.plan.Raw.Equal(c.state.Raw)
}

// ValidateConfig reports combinations that the service does not accept.
func (r *kindResource[M]) ValidateConfig(ctx context.Context, req resource.ValidateConfigRequest, resp *resource.ValidateConfigResponse) {
	if r.kind.validateConfig != nil {
		r.kind.validateConfig(ctx, req.Config, &resp.Diagnostics)
	}
}

// ModifyPlan reports what would fail at apply.
func (r *kindResource[M]) ModifyPlan(ctx context.Context, req resource.ModifyPlanRequest, resp *resource.ModifyPlanResponse) {
	if r.kind.checkPlan == nil {
		return
	}
	change := plannedChange{plan: req.Plan, state: req.State, diags: &resp.Diagnostics}
	if !change.changesNothing() {
		r.kind.checkPlan(ctx, r.client, change)
	}
}
