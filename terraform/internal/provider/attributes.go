package provider

import (
	"context"
	"regexp"

	"github.com/hashicorp/terraform-plugin-framework-validators/mapvalidator"
	"github.com/hashicorp/terraform-plugin-framework-validators/stringvalidator"
	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/booldefault"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/mapdefault"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/objectdefault"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/planmodifier"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/setdefault"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/stringdefault"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/stringplanmodifier"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"
)

var (
	slugPattern = regexp.MustCompile(`^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$`)
	isSlug      = stringvalidator.RegexMatches(slugPattern, "must be 1 to 63 lowercase letters, digits and inner hyphens")
	isHTTPURL   = stringvalidator.RegexMatches(regexp.MustCompile(`^(?i:https?):\S+$`), "must be an http or https URL")
	notBlank    = stringvalidator.RegexMatches(regexp.MustCompile(`\S`), "must not be empty")
)

func slugAttribute() schema.Attribute {
	return schema.StringAttribute{
		Required: true, MarkdownDescription: "Identifies the resource in URLs and references. A change replaces the resource.",
		PlanModifiers: []planmodifier.String{stringplanmodifier.RequiresReplace()},
		Validators:    []validator.String{isSlug},
	}
}

func nameAttribute() schema.Attribute {
	return schema.StringAttribute{
		Required: true, MarkdownDescription: "The display name.",
		Validators: []validator.String{stringvalidator.UTF8LengthAtMost(200), notBlank},
	}
}

func descriptionAttribute() schema.Attribute {
	return optionalString("The description.", stringvalidator.UTF8LengthAtMost(2000))
}

func optionalString(description string, validators ...validator.String) schema.StringAttribute {
	return schema.StringAttribute{Optional: true, MarkdownDescription: description, Validators: validators}
}

// optionalFixed is an optional string whose change replaces the resource.
func optionalFixed(description string, validators ...validator.String) schema.StringAttribute {
	attribute := optionalString(description, validators...)
	attribute.PlanModifiers = []planmodifier.String{stringplanmodifier.RequiresReplace()}
	return attribute
}

func enumWithDefault(description, value string, others ...string) schema.StringAttribute {
	return schema.StringAttribute{
		Optional: true, Computed: true, MarkdownDescription: description, Default: stringdefault.StaticString(value),
		Validators: []validator.String{stringvalidator.OneOf(append(others, value)...)},
	}
}

func boolWithDefault(description string, value bool) schema.BoolAttribute {
	return schema.BoolAttribute{
		Optional: true, Computed: true, MarkdownDescription: description, Default: booldefault.StaticBool(value),
	}
}

// stringSet is a set that is empty unless the configuration has elements.
func stringSet(description string, validators ...validator.Set) schema.SetAttribute {
	return schema.SetAttribute{
		Optional: true, Computed: true, ElementType: types.StringType, MarkdownDescription: description,
		Default: setdefault.StaticValue(emptySet), Validators: validators,
	}
}

var emptySet = types.SetValueMust(types.StringType, []attr.Value{})

// namedObjects is a map of objects, empty unless the configuration has some. What has a unique name is a map by that name,
// so that a plan shows the objects that change and not their positions.
func namedObjects(description string, attributes map[string]schema.Attribute, validators ...validator.Map) schema.MapNestedAttribute {
	nested := schema.NestedAttributeObject{Attributes: attributes}
	return schema.MapNestedAttribute{
		Optional: true, Computed: true, MarkdownDescription: description, NestedObject: nested, Validators: validators,
		Default: mapdefault.StaticValue(types.MapValueMust(nested.Type(), map[string]attr.Value{})),
	}
}

func forceDestroyAttribute(title string) schema.Attribute {
	return boolWithDefault("Whether a deletion removes the references of other resources to the "+title+" too: entries of "+
		"toolkits, resources of policies, assignments. Otherwise they block it. Terraform deletes before it updates, so a "+
		"resource and a reference to it can be removed in one apply only with `true`, which must have been applied before.", false)
}

func overrideAttribute(title string) schema.Attribute {
	return boolWithDefault("Whether the "+title+" can be changed and deleted although the identity provider manages it. The "+
		"identity provider may overwrite such changes. Without it, the plan fails.", false)
}

// assignmentModel are the users who can use a resource, or to whom a policy applies.
type assignmentModel struct {
	Everyone bool     `tfsdk:"everyone"`
	Groups   []string `tfsdk:"groups"`
	Users    []string `tfsdk:"users"`
}

func assignmentAttribute(description string) schema.Attribute {
	attributeTypes := map[string]attr.Type{"everyone": types.BoolType, "groups": emptySet.Type(context.Background()), "users": emptySet.Type(context.Background())}
	return schema.SingleNestedAttribute{
		Optional: true, Computed: true, MarkdownDescription: description,
		Default: objectdefault.StaticValue(unassigned(attributeTypes)),
		Attributes: map[string]schema.Attribute{
			"everyone": boolWithDefault("All users of the organization.", false),
			"groups":   stringSet("Ids of groups. Members of nested groups count."),
			"users":    stringSet("Ids of users."),
		},
	}
}

func unassigned(attributeTypes map[string]attr.Type) types.Object {
	return types.ObjectValueMust(attributeTypes, map[string]attr.Value{
		"everyone": types.BoolValue(false), "groups": emptySet, "users": emptySet,
	})
}

// labelsAttribute are the labels of a resource.
func labelsAttribute() schema.Attribute {
	return schema.MapAttribute{
		Optional: true, Computed: true, ElementType: types.StringType,
		MarkdownDescription: "Labels of your own, at most 64. A key has up to 63 lowercase letters, digits and inner `.`, `_`, `/` and `-`, a value up to 256 characters.",
		Default:             mapdefault.StaticValue(types.MapValueMust(types.StringType, map[string]attr.Value{})),
		Validators:          []validator.Map{mapvalidator.SizeAtMost(64)},
	}
}
