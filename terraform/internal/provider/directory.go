package provider

import (
	"context"
	"encoding/json"
	"net/http"
	"slices"

	"github.com/hashicorp/terraform-plugin-framework-jsontypes/jsontypes"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/types"
	"github.com/hashicorp/terraform-plugin-go/tftypes"

	"github.com/gatehouse/terraform-provider-gatehouse/internal/service"
)

const jsonContentType = "application/json"

// ownership are the attributes of a user or group about who manages it.
type ownership struct {
	ManagedBy    types.String `tfsdk:"managed_by"`
	Override     types.Bool   `tfsdk:"override"`
	ForceDestroy types.Bool   `tfsdk:"force_destroy"`
}

func (o *ownership) flags() []*types.Bool {
	return []*types.Bool{&o.Override, &o.ForceDestroy}
}

// managedByAttribute has no plan modifier: an identity provider can start to manage a user at any time.
var managedByAttribute = schema.StringAttribute{
	Computed: true, MarkdownDescription: "`scim` if the identity provider manages it. Changes then require `override`.",
}

var extensionsAttribute = schema.MapAttribute{
	Optional: true, ElementType: jsontypes.NormalizedType{},
	MarkdownDescription: "Values of the organization's extension schemas by their URNs, each a JSON object from `jsonencode`.",
}

func toExtensions(values map[string]jsontypes.Normalized) (*map[string]*map[string]any, error) {
	if values == nil {
		return nil, nil
	}
	extensions := map[string]*map[string]any{}
	for urn, value := range values {
		object, err := toJSONObject(value)
		if err != nil {
			return nil, err
		}
		extensions[urn] = object
	}
	return &extensions, nil
}

func fromExtensions(extensions *map[string]*map[string]any) map[string]jsontypes.Normalized {
	if extensions == nil || len(*extensions) == 0 {
		return nil
	}
	values := map[string]jsontypes.Normalized{}
	for urn, object := range *extensions {
		values[urn] = fromJSONObject(object)
	}
	return values
}

// transcode converts between types of the same JSON, where the client has types without a name.
func transcode(from, to any) error {
	encoded, err := json.Marshal(from)
	if err != nil {
		return err
	}
	return json.Unmarshal(encoded, to)
}

// rejectManaged fails the plan of a change that the service rejects, because the identity provider manages the record.
func rejectManaged(title string) func(context.Context, *service.Client, plannedChange) {
	return func(ctx context.Context, _ *service.Client, change plannedChange) {
		if change.isCreation() {
			return
		}
		var managedBy types.String
		change.diags.Append(change.state.GetAttribute(ctx, path.Root("managed_by"), &managedBy)...)
		if managedBy.ValueString() == "scim" && change.touchesManaged() && !change.overrides(ctx) {
			change.diags.AddError("The identity provider manages the "+title, managedAdvice(title))
		}
	}
}

// rejectManagedGroup does the same for the members of a group.
func rejectManagedGroup(ctx context.Context, client *service.Client, change plannedChange) {
	var group types.String
	if change.isDeletion() {
		change.diags.Append(change.state.GetAttribute(ctx, path.Root("group_id"), &group)...)
	} else {
		change.diags.Append(change.plan.GetAttribute(ctx, path.Root("group_id"), &group)...)
	}
	if client == nil || group.ValueString() == "" || change.overrides(ctx) {
		return
	}
	stored, err := readGroup(ctx, client, group.ValueString())
	if err == nil && stored.ManagedBy.ValueString() == "scim" {
		change.diags.AddError("The identity provider manages the group", managedAdvice("group"))
	}
}

// unmanagedAttributes can be changed although the identity provider manages the record.
var unmanagedAttributes = append([]string{"labels", "version", "updated_at", "managed_by"}, localAttributes...)

// touchesManaged returns whether a change includes attributes that the identity provider manages.
func (c plannedChange) touchesManaged() bool {
	var before, after map[string]tftypes.Value
	if c.isDeletion() || c.state.Raw.As(&before) != nil || c.plan.Raw.As(&after) != nil {
		return true
	}
	for name, value := range after {
		if !slices.Contains(unmanagedAttributes, name) && !value.Equal(before[name]) {
			return true
		}
	}
	return false
}

// overrides returns whether the configuration allows the change nevertheless; that of the state counts for a deletion.
func (c plannedChange) overrides(ctx context.Context) bool {
	var override types.Bool
	if c.isDeletion() {
		c.diags.Append(c.state.GetAttribute(ctx, path.Root("override"), &override)...)
	} else {
		c.diags.Append(c.plan.GetAttribute(ctx, path.Root("override"), &override)...)
	}
	return override.ValueBool() || override.IsUnknown()
}

func managedAdvice(title string) string {
	return "Change the " + title + " there, or read it with a data source instead of managing it here. With override = true the " +
		"change is applied, and the identity provider may overwrite it. A deletion needs an override that was applied before."
}

// readRaw reads a record with the attributes that this provider does not manage.
func readRaw(response *http.Response, err error) (map[string]any, error) {
	return service.Read[map[string]any](response, err)
}
