package provider

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework/datasource"
	"github.com/hashicorp/terraform-plugin-framework/ephemeral"
	"github.com/hashicorp/terraform-plugin-framework/function"
	"github.com/hashicorp/terraform-plugin-framework/list"
	"github.com/hashicorp/terraform-plugin-framework/resource"
)

// Resources returns the types that Terraform can manage.
func (p *gatehouseProvider) Resources(context.Context) []func() resource.Resource {
	return []func() resource.Resource{
		newKindResource(mcpServerKind), newKindResource(toolkitKind), newKindResource(skillKind), newKindResource(commandKind),
		newKindResource(policyKind), newKindResource(groupKind), newKindResource(groupMembersKind), newKindResource(groupMemberKind),
		newKindResource(userKind), newKindResource(tokenKind), newKindResource(organizationKind), newKindResource(scimExtensionKind),
	}
}

// DataSources returns the types that Terraform can read.
func (p *gatehouseProvider) DataSources(context.Context) []func() datasource.DataSource {
	return []func() datasource.DataSource{
		newKindDataSource(mcpServerKind), newKindDataSource(toolkitKind), newKindDataSource(skillKind), newKindDataSource(commandKind),
		newKindDataSource(policyKind), newKindDataSource(groupKind), newKindDataSource(groupMembersKind), newKindDataSource(userKind),
		newKindDataSource(tokenKind), newKindDataSource(organizationKind), newKindDataSource(scimExtensionKind),
	}
}

// ListResources returns the types that `terraform query` can list.
func (p *gatehouseProvider) ListResources(context.Context) []func() list.ListResource {
	return []func() list.ListResource{
		newKindList(mcpServerKind), newKindList(toolkitKind), newKindList(skillKind), newKindList(commandKind), newKindList(policyKind),
		newKindList(groupKind), newKindList(userKind), newKindList(tokenKind), newKindList(organizationKind), newKindList(scimExtensionKind),
	}
}

// EphemeralResources returns what exists for one run only.
func (p *gatehouseProvider) EphemeralResources(context.Context) []func() ephemeral.EphemeralResource {
	return []func() ephemeral.EphemeralResource{newAccessToken, newTokenSecret}
}

// Functions returns the functions of the provider.
func (p *gatehouseProvider) Functions(context.Context) []func() function.Function {
	return []func() function.Function{newToolFunction}
}
