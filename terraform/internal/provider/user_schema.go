package provider

import (
	"cmp"
	"slices"

	"github.com/hashicorp/terraform-plugin-framework-validators/setvalidator"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
)

var userAttributes = map[string]schema.Attribute{
	"user_name": schema.StringAttribute{
		Required: true, MarkdownDescription: "Identifies the user, case-insensitively. Usually an email address.",
		Validators: []validator.String{notBlank},
	},
	"external_id":        optionalString("The identifier of the user at the identity provider."),
	"active":             boolWithDefault("An inactive user has no access, and the user's tokens are rejected.", true),
	"display_name":       optionalString("The display name."),
	"nick_name":          optionalString("The casual name."),
	"title":              optionalString("The job title."),
	"user_type":          optionalString("The relationship to the organization, such as `Contractor`."),
	"profile_url":        optionalString("The URL of a profile page."),
	"preferred_language": optionalString("The preferred language, such as `en-US`."),
	"locale":             optionalString("The locale, such as `en-US`."),
	"timezone":           optionalString("The time zone, such as `Europe/Berlin`."),
	"name": schema.SingleNestedAttribute{
		Optional: true, MarkdownDescription: "The parts of the name.",
		Attributes: map[string]schema.Attribute{
			"formatted":        optionalString("The full name."),
			"family_name":      optionalString("The family name."),
			"given_name":       optionalString("The given name."),
			"middle_name":      optionalString("The middle names."),
			"honorific_prefix": optionalString("The titles before the name."),
			"honorific_suffix": optionalString("The suffixes after the name."),
		},
	},
	"emails": schema.SetNestedAttribute{
		Optional: true, MarkdownDescription: "The email addresses.", Validators: []validator.Set{setvalidator.SizeAtLeast(1)},
		NestedObject: schema.NestedAttributeObject{Attributes: map[string]schema.Attribute{
			"value":   schema.StringAttribute{Required: true, MarkdownDescription: "The address."},
			"type":    optionalString("Such as `work` or `home`."),
			"primary": schema.BoolAttribute{Optional: true, MarkdownDescription: "Whether it is the primary address. At most one is."},
			"display": optionalString("How the address is shown."),
		}},
	},
	"enterprise": schema.SingleNestedAttribute{
		Optional: true, MarkdownDescription: "Attributes of the enterprise extension (RFC 7643 section 4.3).",
		Attributes: map[string]schema.Attribute{
			"cost_center":     optionalString("The cost center."),
			"department":      optionalString("The department."),
			"division":        optionalString("The division."),
			"employee_number": optionalString("The employee number."),
			"organization":    optionalString("The organization."),
			"manager": schema.SingleNestedAttribute{
				Optional: true, MarkdownDescription: "The manager.",
				Attributes: map[string]schema.Attribute{
					"value": schema.StringAttribute{Required: true, MarkdownDescription: "The id of the user who is the manager."},
				},
			},
		},
	},
	"extensions":    extensionsAttribute,
	"managed_by":    managedByAttribute,
	"override":      overrideAttribute("user"),
	"force_destroy": forceDestroyAttribute("user"),
}

// sortedEmails is the order in which requests contain the set of addresses.
func sortedEmails(emails []emailModel) []emailModel {
	sorted := slices.Clone(emails)
	slices.SortFunc(sorted, func(a, b emailModel) int {
		return cmp.Or(cmp.Compare(a.Value, b.Value), cmp.Compare(valueOr(a.Type, ""), valueOr(b.Type, "")))
	})
	return sorted
}
