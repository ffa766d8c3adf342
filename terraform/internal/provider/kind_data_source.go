package provider

import (
	"context"
	"fmt"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/datasource"
	"github.com/hashicorp/terraform-plugin-framework/datasource/schema"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	resourceschema "github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/tfsdk"
	"github.com/hashicorp/terraform-plugin-framework/types"
	"github.com/hashicorp/terraform-plugin-go/tftypes"

	"github.com/gatehouse/terraform-provider-gatehouse/internal/service"
)

// kindDataSource reads one resource of a kind, by one of its lookups. It has the attributes of the resource, except those
// that only Terraform knows.
type kindDataSource[M any] struct {
	kind   *kind[M]
	client *service.Client
}

func newKindDataSource[M any](k *kind[M]) func() datasource.DataSource {
	return func() datasource.DataSource { return &kindDataSource[M]{kind: k} }
}

// localAttributes are not properties of a record of the service.
var localAttributes = []string{
	"timeouts", "force_destroy", "override", "rotation", "rotation_grace_seconds", "expires_in_days",
}

// Metadata names the type.
func (d *kindDataSource[M]) Metadata(_ context.Context, req datasource.MetadataRequest, resp *datasource.MetadataResponse) {
	resp.TypeName = d.kind.typeName(req.ProviderTypeName)
}

// Schema returns the attributes of the resource as computed ones, of which the lookups can be set.
func (d *kindDataSource[M]) Schema(ctx context.Context, _ datasource.SchemaRequest, resp *datasource.SchemaResponse) {
	attributes := toDataSourceAttributes(d.kind.schema(ctx).Attributes)
	for _, name := range localAttributes {
		delete(attributes, name)
	}
	for _, each := range d.lookups() {
		description := "Finds the " + d.kind.title + ". Exactly one of " + strings.Join(d.lookupNames(), ", ") + " is required."
		if known, ok := attributes[each.attribute]; ok {
			description = known.GetMarkdownDescription() + " " + description
		}
		attributes[each.attribute] = schema.StringAttribute{Optional: true, Computed: true, MarkdownDescription: description}
	}
	resp.Schema = schema.Schema{MarkdownDescription: "Reads one " + d.kind.title + ". " + d.kind.description, Attributes: attributes}
}

// Configure receives the client.
func (d *kindDataSource[M]) Configure(_ context.Context, req datasource.ConfigureRequest, _ *datasource.ConfigureResponse) {
	d.client, _ = req.ProviderData.(*service.Client)
}

// ValidateConfig requires exactly one lookup.
func (d *kindDataSource[M]) ValidateConfig(ctx context.Context, req datasource.ValidateConfigRequest, resp *datasource.ValidateConfigResponse) {
	count := 0
	for _, name := range d.lookupNames() {
		if !isNull(ctx, req.Config, name) {
			count++
		}
	}
	if names := d.lookupNames(); count != 1 && len(names) > 0 {
		resp.Diagnostics.AddError("The lookup is not unique", fmt.Sprintf("Set exactly one of %s.", strings.Join(names, ", ")))
	}
}

// Read finds the resource. One that does not exist is an error.
func (d *kindDataSource[M]) Read(ctx context.Context, req datasource.ReadRequest, resp *datasource.ReadResponse) {
	ctx, cancel := context.WithTimeout(ctx, defaultTimeout)
	defer cancel()
	used, identifier, diags := d.identifierOf(ctx, req.Config)
	if resp.Diagnostics.Append(diags...); resp.Diagnostics.HasError() {
		return
	}
	stored, err := d.kind.get(ctx, d.client, identifier)
	if err == nil && d.kind.isGone != nil && d.kind.isGone(&stored) {
		err = fmt.Errorf("%q has been revoked", identifier)
	}
	if err != nil {
		addAt(&resp.Diagnostics, used, "The "+d.kind.title+" cannot be read", describe(err))
		return
	}
	d.kind.setLocalDefaults(ctx, &stored)
	raw, diags := d.toRaw(ctx, &stored, resp.State)
	if resp.Diagnostics.Append(diags...); resp.Diagnostics.HasError() {
		return
	}
	resp.State.Raw = raw
	if len(used.Steps()) > 0 {
		// A lookup such as email is not an attribute of the record, or is written differently there.
		var text types.String
		resp.Diagnostics.Append(req.Config.GetAttribute(ctx, used, &text)...)
		resp.Diagnostics.Append(resp.State.SetAttribute(ctx, used, text)...)
	}
}

// identifierOf returns the lookup of a configuration, and the identifier that it finds.
func (d *kindDataSource[M]) identifierOf(ctx context.Context, config tfsdk.Config) (path.Path, string, diag.Diagnostics) {
	var diags diag.Diagnostics
	for _, each := range d.lookups() {
		var value types.String
		at := path.Root(each.attribute)
		diags.Append(config.GetAttribute(ctx, at, &value)...)
		if value.IsNull() || diags.HasError() {
			continue
		}
		if value.ValueString() == "" {
			diags.AddAttributeError(at, each.attribute+" is empty", "Set the "+each.attribute+" of a "+d.kind.title+".")
			return at, "", diags
		}
		if each.resolve == nil {
			return at, value.ValueString(), diags
		}
		identifier, err := each.resolve(ctx, d.client, value.ValueString())
		if err != nil {
			diags.AddAttributeError(at, "The "+d.kind.title+" cannot be found", fmt.Sprintf("%s %q: %s", each.attribute, value.ValueString(), describe(err)))
		}
		return at, identifier, diags
	}
	return path.Empty(), "", diags
}

// toRaw writes a model with the schema of the resource, and keeps the attributes of the data source.
func (d *kindDataSource[M]) toRaw(ctx context.Context, stored *M, state tfsdk.State) (tftypes.Value, diag.Diagnostics) {
	resourceSchema := d.kind.schema(ctx)
	full := tfsdk.State{Schema: resourceSchema, Raw: tftypes.NewValue(resourceSchema.Type().TerraformType(ctx), nil)}
	diags := full.Set(ctx, stored)
	var values map[string]tftypes.Value
	if err := full.Raw.As(&values); err != nil && !diags.HasError() {
		diags.AddError("The "+d.kind.title+" cannot be read", sentence(err.Error()))
	}
	if diags.HasError() {
		return state.Raw, diags
	}
	dataType := state.Schema.Type().TerraformType(ctx).(tftypes.Object)
	kept := map[string]tftypes.Value{}
	for name, attributeType := range dataType.AttributeTypes {
		if value, ok := values[name]; ok {
			kept[name] = value
		} else {
			kept[name] = tftypes.NewValue(attributeType, nil)
		}
	}
	return tftypes.NewValue(dataType, kept), diags
}

func (d *kindDataSource[M]) lookups() []lookup {
	if _, isSettable := d.kind.attributes[d.kind.key]; !isSettable && len(d.kind.lookups) == 0 {
		return nil // the organization: there is one
	}
	return append([]lookup{{attribute: d.kind.key}}, d.kind.lookups...)
}

func (d *kindDataSource[M]) lookupNames() []string {
	var names []string
	for _, each := range d.lookups() {
		names = append(names, each.attribute)
	}
	return names
}

// toDataSourceAttributes returns the attributes as computed ones.
func toDataSourceAttributes(attributes map[string]resourceschema.Attribute) map[string]schema.Attribute {
	converted := map[string]schema.Attribute{}
	for name, attribute := range attributes {
		text := attribute.GetMarkdownDescription()
		switch a := attribute.(type) {
		case resourceschema.StringAttribute:
			converted[name] = schema.StringAttribute{Computed: true, MarkdownDescription: text, CustomType: a.CustomType}
		case resourceschema.BoolAttribute:
			converted[name] = schema.BoolAttribute{Computed: true, MarkdownDescription: text}
		case resourceschema.Int64Attribute:
			converted[name] = schema.Int64Attribute{Computed: true, MarkdownDescription: text}
		case resourceschema.ListAttribute:
			converted[name] = schema.ListAttribute{Computed: true, MarkdownDescription: text, ElementType: a.ElementType}
		case resourceschema.SetAttribute:
			converted[name] = schema.SetAttribute{Computed: true, MarkdownDescription: text, ElementType: a.ElementType}
		case resourceschema.MapAttribute:
			converted[name] = schema.MapAttribute{Computed: true, MarkdownDescription: text, ElementType: a.ElementType}
		case resourceschema.SingleNestedAttribute:
			converted[name] = schema.SingleNestedAttribute{Computed: true, MarkdownDescription: text, CustomType: a.CustomType, Attributes: toDataSourceAttributes(a.Attributes)}
		case resourceschema.ListNestedAttribute:
			converted[name] = schema.ListNestedAttribute{Computed: true, MarkdownDescription: text, NestedObject: toDataSourceObject(a.NestedObject)}
		case resourceschema.SetNestedAttribute:
			converted[name] = schema.SetNestedAttribute{Computed: true, MarkdownDescription: text, NestedObject: toDataSourceObject(a.NestedObject)}
		case resourceschema.MapNestedAttribute:
			converted[name] = schema.MapNestedAttribute{Computed: true, MarkdownDescription: text, NestedObject: toDataSourceObject(a.NestedObject)}
		}
	}
	return converted
}

func toDataSourceObject(object resourceschema.NestedAttributeObject) schema.NestedAttributeObject {
	return schema.NestedAttributeObject{Attributes: toDataSourceAttributes(object.Attributes)}
}
