package provider

import (
	"context"
	"regexp"

	"github.com/hashicorp/terraform-plugin-framework-jsontypes/jsontypes"
	"github.com/hashicorp/terraform-plugin-framework-validators/int64validator"
	"github.com/hashicorp/terraform-plugin-framework-validators/listvalidator"
	"github.com/hashicorp/terraform-plugin-framework-validators/mapvalidator"
	"github.com/hashicorp/terraform-plugin-framework-validators/stringvalidator"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/planmodifier"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/tfsdk"
	"github.com/hashicorp/terraform-plugin-framework/types"
)

var isToolName = stringvalidator.RegexMatches(regexp.MustCompile(`^[A-Za-z0-9_.-]{1,128}$`), "must be 1 to 128 letters, digits, dots, hyphens and underscores")

var mcpServerAttributes = map[string]schema.Attribute{
	"slug":        slugAttribute(),
	"name":        nameAttribute(),
	"description": descriptionAttribute(),
	"status":      enumWithDefault("`draft` or `active`. A draft is visible to administrators only.", "draft", "active"),
	"environment": optionalString("The environment of the server. A token can be restricted to one environment.", isSlug),
	"transport": schema.StringAttribute{
		Required: true, MarkdownDescription: "`http` or `stdio`.",
		Validators: []validator.String{stringvalidator.OneOf("http", "stdio")},
	},
	"url": optionalString("The URL of the server. Required with transport `http`.", isHTTPURL, stringvalidator.UTF8LengthAtMost(2000)),
	"timeout_seconds": schema.Int64Attribute{
		Optional: true, MarkdownDescription: "Time limit of a tool call, in seconds. The default is 30. Only with transport `http`.",
		Validators: []validator.Int64{int64validator.Between(1, 120)},
	},
	"command": optionalString("The command that starts the server. Required with transport `stdio`.", stringvalidator.UTF8LengthBetween(1, 1000)),
	"args": schema.ListAttribute{
		Optional: true, ElementType: types.StringType, MarkdownDescription: "The arguments of the command. Only with transport `stdio`.",
		Validators: []validator.List{listvalidator.SizeAtMost(100)},
	},
	"auth":          serverAuthAttribute,
	"tools":         namedObjects("The tools of the server, by their names.", toolAttributes, mapvalidator.SizeAtMost(500), mapvalidator.KeysAre(isToolName)),
	"assignment":    assignmentAttribute("The users who can use the server. The default is no users."),
	"labels":        labelsAttribute(),
	"force_destroy": forceDestroyAttribute("MCP server"),
}

var toolAttributes = map[string]schema.Attribute{
	"title":         optionalString("The display name."),
	"description":   optionalString("What the tool does, for the model.", stringvalidator.UTF8LengthAtMost(10_000)),
	"input_schema":  jsonObjectAttribute("JSON Schema of the arguments, from `jsonencode`. Its root has the type `object`."),
	"output_schema": jsonObjectAttribute("JSON Schema of the structured results, from `jsonencode`."),
	"risk": schema.StringAttribute{
		Optional: true, Computed: true,
		MarkdownDescription: "`read`, `write` or `destructive`. By default derived from `annotations`, and `write` without them.",
		Validators:          []validator.String{stringvalidator.OneOf("read", "write", "destructive")},
		PlanModifiers:       []planmodifier.String{riskFromAnnotations{}},
	},
	"enabled": boolWithDefault("A disabled tool is hidden from all users.", true),
	"annotations": schema.SingleNestedAttribute{
		Optional: true, MarkdownDescription: "What the server states about the tool (MCP `ToolAnnotations`).",
		Attributes: map[string]schema.Attribute{
			"title":            optionalString("The display name."),
			"read_only_hint":   schema.BoolAttribute{Optional: true, MarkdownDescription: "The tool changes nothing."},
			"destructive_hint": schema.BoolAttribute{Optional: true, MarkdownDescription: "The tool may destroy data."},
			"idempotent_hint":  schema.BoolAttribute{Optional: true, MarkdownDescription: "A repeated call has no further effect."},
			"open_world_hint":  schema.BoolAttribute{Optional: true, MarkdownDescription: "The tool interacts with external systems."},
		},
	},
}

func jsonObjectAttribute(description string) schema.Attribute {
	return schema.StringAttribute{Optional: true, CustomType: jsontypes.NormalizedType{}, MarkdownDescription: description}
}

// riskFromAnnotations plans the risk that the service derives, so that an update of one tool does not show the risk of all
// others as unknown.
type riskFromAnnotations struct{}

func (riskFromAnnotations) Description(context.Context) string {
	return "derived from annotations"
}

func (m riskFromAnnotations) MarkdownDescription(ctx context.Context) string {
	return m.Description(ctx)
}

func (riskFromAnnotations) PlanModifyString(ctx context.Context, req planmodifier.StringRequest, resp *planmodifier.StringResponse) {
	if !req.ConfigValue.IsNull() || req.Plan.Raw.IsNull() {
		return
	}
	hints := req.Path.ParentPath().AtName("annotations")
	var annotations types.Object
	if diags := req.Config.GetAttribute(ctx, hints, &annotations); diags.HasError() || annotations.IsUnknown() {
		return
	}
	var readOnly, destructive types.Bool
	if !annotations.IsNull() {
		resp.Diagnostics.Append(req.Config.GetAttribute(ctx, hints.AtName("read_only_hint"), &readOnly)...)
		resp.Diagnostics.Append(req.Config.GetAttribute(ctx, hints.AtName("destructive_hint"), &destructive)...)
	}
	switch {
	case readOnly.IsUnknown() || destructive.IsUnknown():
	case readOnly.ValueBool():
		resp.PlanValue = types.StringValue("read")
	case destructive.ValueBool():
		resp.PlanValue = types.StringValue("destructive")
	default:
		resp.PlanValue = types.StringValue("write")
	}
}

// validateTransport reports attributes that the transport lacks, or does not have.
func validateTransport(ctx context.Context, config tfsdk.Config, diags *diag.Diagnostics) {
	var transport types.String
	diags.Append(config.GetAttribute(ctx, path.Root("transport"), &transport)...)
	rules := map[string]struct{ required, other string }{
		"http":  {required: "url", other: "stdio"},
		"stdio": {required: "command", other: "http"},
	}
	rule, known := rules[transport.ValueString()]
	if !known {
		return
	}
	if isNull(ctx, config, rule.required) {
		diags.AddAttributeError(path.Root("transport"), rule.required+" is missing", "Transport "+transport.ValueString()+" requires "+rule.required+".")
	}
	onlyWith := map[string][]string{"http": {"url", "timeout_seconds"}, "stdio": {"command", "args"}}
	for _, name := range onlyWith[rule.other] {
		if !isNull(ctx, config, name) {
			diags.AddAttributeError(path.Root(name), name+" is not allowed", name+" is for transport "+rule.other+" only.")
		}
	}
}

// isNull returns whether a configuration does not have an attribute. An unknown one counts as present.
func isNull(ctx context.Context, config tfsdk.Config, name string) bool {
	value, diags := valueAt(ctx, config, path.Root(name))
	return !diags.HasError() && value.IsNull()
}
