package provider

import (
	"maps"

	"github.com/hashicorp/terraform-plugin-framework-validators/listvalidator"
	"github.com/hashicorp/terraform-plugin-framework-validators/mapvalidator"
	"github.com/hashicorp/terraform-plugin-framework-validators/stringvalidator"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/planmodifier"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/stringdefault"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/stringplanmodifier"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"
)

var simpleTypes = []string{"boolean", "integer", "decimal", "dateTime", "reference", "binary"}

var scimExtensionAttributes = map[string]schema.Attribute{
	"urn": schema.StringAttribute{
		Required: true, MarkdownDescription: "The URN of the schema, such as `urn:example:hr:2.0:User`. A change replaces the schema.",
		PlanModifiers: []planmodifier.String{stringplanmodifier.RequiresReplace()},
	},
	"resource_type": schema.StringAttribute{
		Required: true, MarkdownDescription: "`User` or `Group`. A change replaces the schema.",
		PlanModifiers: []planmodifier.String{stringplanmodifier.RequiresReplace()},
		Validators:    []validator.String{stringvalidator.OneOf("User", "Group")},
	},
	"name":        optionalString("The display name. The default is the URN.", stringvalidator.UTF8LengthAtMost(200), notBlank),
	"description": textWithDefault("The description."),
	"attributes": schema.MapNestedAttribute{
		Required: true, MarkdownDescription: "The attributes, by their names.", Validators: []validator.Map{mapvalidator.SizeBetween(1, 50)},
		NestedObject: schema.NestedAttributeObject{Attributes: extensionAttributes()},
	},
	"force_destroy": boolWithDefault("Whether a deletion removes the stored values of the attributes too. Otherwise they block it.", false),
}

func extensionAttributes() map[string]schema.Attribute {
	attributes := simpleExtensionAttributes(append([]string{"complex"}, simpleTypes...)...)
	maps.Copy(attributes, map[string]schema.Attribute{
		"multi_valued": boolWithDefault("Whether the attribute has several values.", false),
		"mutability":   enumWithDefault("`readWrite` (the default) or `immutable`: a value that is set once cannot be changed.", "readWrite", "immutable"),
		"indexed":      boolWithDefault("Whether an index serves filters. At most 10 attributes of a resource type are indexed.", false),
		"sub_attributes": schema.MapNestedAttribute{
			Optional: true, MarkdownDescription: "The fields of a `complex` attribute, by their names.", Validators: []validator.Map{mapvalidator.SizeBetween(1, 20)},
			NestedObject: schema.NestedAttributeObject{Attributes: simpleExtensionAttributes(simpleTypes...)},
		},
	})
	return attributes
}

func simpleExtensionAttributes(otherTypes ...string) map[string]schema.Attribute {
	return map[string]schema.Attribute{
		"type":        enumWithDefault("The type. The default is `string`.", "string", otherTypes...),
		"description": textWithDefault("The description."),
		"required":    boolWithDefault("Whether every write must leave it with a value.", false),
		"case_exact":  boolWithDefault("Whether strings are compared case-sensitively.", false),
		"canonical_values": schema.ListAttribute{
			Optional: true, ElementType: types.StringType, MarkdownDescription: "Suggested values. Others are accepted too.",
			Validators: []validator.List{listvalidator.SizeAtMost(100)},
		},
	}
}

func textWithDefault(description string) schema.Attribute {
	return schema.StringAttribute{
		Optional: true, Computed: true, Default: stringdefault.StaticString(""), MarkdownDescription: description,
		Validators: []validator.String{stringvalidator.UTF8LengthAtMost(2000)},
	}
}
