package provider

import (
	"context"
	"fmt"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/resource/identityschema"
	"github.com/hashicorp/terraform-plugin-framework/tfsdk"

	"github.com/gatehouse/terraform-provider-gatehouse/internal/service"
)

// defaultTimeout limits an operation with its retries, unless the configuration has timeouts.
const defaultTimeout = 5 * time.Minute

// kindResource is the managed resource of a kind.
type kindResource[M any] struct {
	kind   *kind[M]
	client *service.Client
}

// Metadata names the type.
func (r *kindResource[M]) Metadata(_ context.Context, req resource.MetadataRequest, resp *resource.MetadataResponse) {
	resp.TypeName = r.kind.typeName(req.ProviderTypeName)
}

// Schema returns the attributes.
func (r *kindResource[M]) Schema(ctx context.Context, _ resource.SchemaRequest, resp *resource.SchemaResponse) {
	resp.Schema = r.kind.schema(ctx)
}

// IdentitySchema returns the key: what an import block can name, and what never changes.
func (r *kindResource[M]) IdentitySchema(_ context.Context, _ resource.IdentitySchemaRequest, resp *resource.IdentitySchemaResponse) {
	resp.IdentitySchema = identityschema.Schema{Attributes: map[string]identityschema.Attribute{
		r.kind.key: identityschema.StringAttribute{RequiredForImport: true, Description: "The " + r.kind.key + " of the " + r.kind.title + "."},
	}}
}

// Configure receives the client.
func (r *kindResource[M]) Configure(_ context.Context, req resource.ConfigureRequest, _ *resource.ConfigureResponse) {
	r.client, _ = req.ProviderData.(*service.Client)
}

// Create writes a resource that does not exist yet.
func (r *kindResource[M]) Create(ctx context.Context, req resource.CreateRequest, resp *resource.CreateResponse) {
	var planned M
	if resp.Diagnostics.Append(req.Plan.Get(ctx, &planned)...); resp.Diagnostics.HasError() {
		return
	}
	timeout, diags := r.kind.parts(&planned).base.Timeouts.Create(ctx, defaultTimeout)
	if resp.Diagnostics.Append(diags...); resp.Diagnostics.HasError() {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	stored, err := r.kind.create(ctx, r.client, planned)
	if err != nil {
		r.report(ctx, &resp.Diagnostics, req.Plan, "create", planned, err)
		return
	}
	r.kind.takeLocal(&planned, &stored)
	r.save(ctx, &resp.Diagnostics, &resp.State, resp.Identity, &stored)
}

// Read refreshes the state. A resource that does not exist any more is removed from it.
func (r *kindResource[M]) Read(ctx context.Context, req resource.ReadRequest, resp *resource.ReadResponse) {
	var known M
	if resp.Diagnostics.Append(req.State.Get(ctx, &known)...); resp.Diagnostics.HasError() {
		return
	}
	// Terraform rejects a response without an identity, also one that reports the resource as gone. States of Terraform
	// before 1.12 have none.
	r.saveIdentity(ctx, &resp.Diagnostics, resp.Identity, &known)
	timeout, diags := r.kind.parts(&known).base.Timeouts.Read(ctx, defaultTimeout)
	if resp.Diagnostics.Append(diags...); resp.Diagnostics.HasError() {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	stored, err := r.kind.getForRefresh(ctx, r.client, r.kind.parts(&known).key)
	if service.IsNotFound(err) || (err == nil && r.kind.isGone != nil && r.kind.isGone(&stored)) {
		resp.State.RemoveResource(ctx)
		return
	}
	if err != nil {
		resp.Diagnostics.AddError("The "+r.kind.title+" cannot be read", describe(err))
		return
	}
	r.kind.takeLocal(&known, &stored)
	r.save(ctx, &resp.Diagnostics, &resp.State, resp.Identity, &stored)
}

// Update changes a resource, if no other client has changed it since the plan.
func (r *kindResource[M]) Update(ctx context.Context, req resource.UpdateRequest, resp *resource.UpdateResponse) {
	var planned, prior M
	resp.Diagnostics.Append(req.Plan.Get(ctx, &planned)...)
	resp.Diagnostics.Append(req.State.Get(ctx, &prior)...)
	if resp.Diagnostics.HasError() {
		return
	}
	timeout, diags := r.kind.parts(&planned).base.Timeouts.Update(ctx, defaultTimeout)
	if resp.Diagnostics.Append(diags...); resp.Diagnostics.HasError() {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	stored, err := r.updateIfUnchanged(ctx, planned, prior)
	if err != nil {
		r.report(ctx, &resp.Diagnostics, req.Plan, "update", prior, err)
		return
	}
	r.kind.takeLocal(&planned, &stored)
	r.save(ctx, &resp.Diagnostics, &resp.State, resp.Identity, &stored)
}

// Delete removes a resource, if no other client has changed it since the plan.
func (r *kindResource[M]) Delete(ctx context.Context, req resource.DeleteRequest, resp *resource.DeleteResponse) {
	var prior M
	if resp.Diagnostics.Append(req.State.Get(ctx, &prior)...); resp.Diagnostics.HasError() {
		return
	}
	timeout, diags := r.kind.parts(&prior).base.Timeouts.Delete(ctx, defaultTimeout)
	if resp.Diagnostics.Append(diags...); resp.Diagnostics.HasError() {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	err := r.removeIfUnchanged(ctx, prior)
	if err != nil && !service.IsNotFound(err) {
		r.report(ctx, &resp.Diagnostics, tfsdk.Plan{}, "delete", prior, err)
	}
}

// ImportState reads the resource that an identifier or an identity names.
func (r *kindResource[M]) ImportState(ctx context.Context, req resource.ImportStateRequest, resp *resource.ImportStateResponse) {
	identifier := req.ID
	if identifier == "" && req.Identity != nil {
		resp.Diagnostics.Append(req.Identity.GetAttribute(ctx, path.Root(r.kind.key), &identifier)...)
	}
	if identifier == "" {
		resp.Diagnostics.AddError("The import has no identifier", fmt.Sprintf("Use the %s or the id of the %s.", r.kind.key, r.kind.title))
	}
	if resp.Diagnostics.HasError() {
		return
	}
	stored, err := r.kind.get(ctx, r.client, identifier)
	if err == nil && r.kind.isGone != nil && r.kind.isGone(&stored) {
		resp.Diagnostics.AddError("The "+r.kind.title+" cannot be imported", fmt.Sprintf("%q has been revoked.", identifier))
		return
	}
	if err != nil {
		resp.Diagnostics.AddError("The "+r.kind.title+" cannot be imported", fmt.Sprintf("%q: %s", identifier, describe(err)))
		return
	}
	r.kind.setLocalDefaults(ctx, &stored)
	r.save(ctx, &resp.Diagnostics, &resp.State, resp.Identity, &stored)
}

func (r *kindResource[M]) save(ctx context.Context, diags *diag.Diagnostics, state *tfsdk.State, identity *tfsdk.ResourceIdentity, stored *M) {
	diags.Append(state.Set(ctx, stored)...)
	r.saveIdentity(ctx, diags, identity, stored)
}

func (r *kindResource[M]) saveIdentity(ctx context.Context, diags *diag.Diagnostics, identity *tfsdk.ResourceIdentity, model *M) {
	if identity != nil {
		diags.Append(identity.SetAttribute(ctx, path.Root(r.kind.key), r.kind.parts(model).key)...)
	}
}
