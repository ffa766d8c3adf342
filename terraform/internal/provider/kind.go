package provider

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework-timeouts/resource/timeouts"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/tfsdk"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/gatehouse/terraform-provider-gatehouse/internal/service"
)

// kind describes one type of resource. The resource, the data source and the list resource of that type are built from
// it, so that all of them read and show the same.
type kind[M any] struct {
	// name is that of the type without the name of the provider, such as "mcp_server".
	name string
	// title names one resource in messages, such as "MCP server".
	title string
	// description is the introduction of the documentation page.
	description string
	// key is the attribute that identifies a resource. It never changes, and is the identity of the resource.
	key string
	// attributes are those that the type has besides those of every resource.
	attributes map[string]schema.Attribute
	// parts returns the parts of a model that are handled alike for all types.
	parts func(*M) parts

	// get reads the resource that an identifier in a path names.
	get func(ctx context.Context, client *service.Client, identifier string) (M, error)
	// content returns the request body that describes a model, with sets in one order.
	content func(M) (any, error)
	// dropDetached removes references to resources that this apply has deleted with their references. Nil: it has none.
	dropDetached func(*M, *service.DetachedReferences)
	// create writes a new resource and returns what the service has stored.
	create func(ctx context.Context, client *service.Client, planned M) (M, error)
	// update changes a resource, if it still has the version in ifMatch, and returns what the service has stored.
	update func(ctx context.Context, client *service.Client, planned, prior M, ifMatch *string) (M, error)
	// remove deletes a resource, if it still has the version in ifMatch.
	remove func(ctx context.Context, client *service.Client, prior M, ifMatch *string) error
	// list reads a page of resources, and returns the cursor of the next one.
	list func(ctx context.Context, client *service.Client, page listPage) ([]M, *string, error)

	// keepLocal copies what only the configuration and the state contain. Nil: nothing besides the flags.
	keepLocal func(from, to *M)
	// isGone returns whether a resource that can be read counts as deleted. Nil: never.
	isGone func(*M) bool
	// lookups are the attributes by which the data source finds a resource, besides the key. The key is "id" if a
	// resource has no other one.
	lookups []lookup
	// validateConfig reports combinations that the schema allows and the service does not. Nil: nothing.
	validateConfig func(ctx context.Context, config tfsdk.Config, diags *diag.Diagnostics)
	// checkPlan reports what would fail at apply. Nil: nothing.
	checkPlan func(ctx context.Context, client *service.Client, change plannedChange)
	// isPart is whether a resource is a part of another record: it has no version and no times of its own.
	isPart bool
}

// parts are what the shared code reads and writes in a model.
type parts struct {
	base *base
	// entityTag is that of the version in the model. Nil: the resource has none.
	entityTag *string
	// key is the value of the kind's key.
	key string
	// label is how lists show the resource.
	label string
	// flags are the optional switches that only Terraform knows, such as force_destroy.
	flags []*types.Bool
}

// listPage selects the resources of a page.
type listPage struct {
	// cursor is that of the page. Nil for the first one.
	cursor *string
	// labels are those that the resources must have, as the parameter label has them. Nil: any. Only kinds with labels filter.
	labels *[]string
}

// lookup is an attribute by which a data source finds a resource.
type lookup struct {
	attribute string
	// resolve returns an identifier for get. Nil: the value is one.
	resolve func(ctx context.Context, client *service.Client, value string) (string, error)
}

// base has the attributes of every resource.
type base struct {
	ID       types.String   `tfsdk:"id"`
	Timeouts timeouts.Value `tfsdk:"timeouts"`
}

// record has the attributes of every resource that the service stores as one record.
type record struct {
	base
	Version   types.Int64  `tfsdk:"version"`
	CreatedAt types.String `tfsdk:"created_at"`
	UpdatedAt types.String `tfsdk:"updated_at"`
}

func (r *record) entityTag() *string {
	if r.Version.IsNull() {
		return nil
	}
	return service.EntityTag(r.Version.ValueInt64())
}

// takeLocal copies what only Terraform knows from the plan or the state to a model that was read.
func (k *kind[M]) takeLocal(from, to *M) {
	source, target := k.parts(from), k.parts(to)
	target.base.Timeouts = source.base.Timeouts
	for index, flag := range source.flags {
		*target.flags[index] = *flag
	}
	if k.keepLocal != nil {
		k.keepLocal(from, to)
	}
}

// setLocalDefaults sets in a model that was read without a state the values of an empty configuration.
func (k *kind[M]) setLocalDefaults(ctx context.Context, model *M) {
	target := k.parts(model)
	target.base.Timeouts = noTimeouts(ctx)
	for _, flag := range target.flags {
		*flag = types.BoolValue(false)
	}
}

func (k *kind[M]) typeName(provider string) string {
	return provider + "_" + k.name
}

// newKindResource returns a constructor for the provider.
func newKindResource[M any](k *kind[M]) func() resource.Resource {
	return func() resource.Resource { return &kindResource[M]{kind: k} }
}
