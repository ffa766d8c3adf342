package provider

import (
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/gatehouse/terraform-provider-gatehouse/internal/api"
)

func toOrganization(m organizationModel) (api.OrganizationInput, error) {
	body := api.OrganizationInput{Name: m.Name}
	if policy := m.TokenPolicy; policy != nil {
		body.TokenPolicy = &api.TokenPolicyInput{MaxTtlDays: policy.MaxTTLDays, DefaultTtlDays: policy.DefaultTTLDays}
		if policy.AllowedTypes != nil {
			body.TokenPolicy.AllowedTypes = pointerTo(enums[api.TokenPolicyInputAllowedTypes](*asSet(policy.AllowedTypes)))
		}
	}
	if exchange := m.AuthExchange; exchange != nil {
		body.AuthExchange = &api.AuthExchangeSettingsInput{
			JwksUri: exchange.JwksURI, Issuer: exchange.Issuer, Audience: exchange.Audience,
			Algorithms: pointerTo(enums[api.AuthExchangeSettingsInputAlgorithms](*asSet(exchange.Algorithms))),
		}
	}
	if provisioning := m.Provisioning; provisioning != nil {
		body.Provisioning = &api.ProvisioningSettingsInput{
			UnknownAttributes:   enum[api.ProvisioningSettingsInputUnknownAttributes](&provisioning.UnknownAttributes),
			UnknownMembers:      enum[api.ProvisioningSettingsInputUnknownMembers](&provisioning.UnknownMembers),
			ReplaceWithoutMatch: enum[api.ProvisioningSettingsInputReplaceWithoutMatch](&provisioning.ReplaceWithoutMatch),
		}
	}
	if m.Mcp != nil {
		body.Mcp = &api.McpSettingsInput{ApproveChanges: enum[api.McpSettingsInputApproveChanges](&m.Mcp.ApproveChanges)}
	}
	return body, nil
}

func fromOrganization(organization api.Organization) (organizationModel, error) {
	m := organizationModel{
		record: newRecord(organization.Id, organization.Version, organization.CreatedAt, organization.UpdatedAt),
		Slug:   types.StringValue(organization.Slug), Name: organization.Name,
	}
	if policy := organization.TokenPolicy; policy != nil {
		m.TokenPolicy = &tokenPolicyModel{MaxTTLDays: policy.MaxTtlDays, DefaultTTLDays: policy.DefaultTtlDays}
		if policy.AllowedTypes != nil {
			m.TokenPolicy.AllowedTypes = enums[string](*policy.AllowedTypes)
		}
	}
	if exchange := organization.AuthExchange; exchange != nil {
		m.AuthExchange = &authExchangeModel{
			JwksURI: exchange.JwksUri, Issuer: exchange.Issuer, Audience: exchange.Audience, Algorithms: enums[string](exchange.Algorithms),
		}
	}
	if provisioning := organization.Provisioning; provisioning != nil {
		m.Provisioning = &provisioningModel{
			UnknownAttributes: string(provisioning.UnknownAttributes), UnknownMembers: string(provisioning.UnknownMembers),
			ReplaceWithoutMatch: string(provisioning.ReplaceWithoutMatch),
		}
	}
	if organization.Mcp != nil {
		m.Mcp = &mcpSettingsModel{ApproveChanges: string(organization.Mcp.ApproveChanges)}
	}
	return m, nil
}
