package provider

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/gatehouse/terraform-provider-gatehouse/internal/api"
	"github.com/gatehouse/terraform-provider-gatehouse/internal/service"
)

type scimExtensionModel struct {
	record
	URN          string                             `tfsdk:"urn"`
	ResourceType string                             `tfsdk:"resource_type"`
	Name         *string                            `tfsdk:"name"`
	Description  string                             `tfsdk:"description"`
	Attributes   map[string]extensionAttributeModel `tfsdk:"attributes"`
	ForceDestroy types.Bool                         `tfsdk:"force_destroy"`
}

type extensionAttributeModel struct {
	Type            string                       `tfsdk:"type"`
	Description     string                       `tfsdk:"description"`
	Required        bool                         `tfsdk:"required"`
	CaseExact       bool                         `tfsdk:"case_exact"`
	CanonicalValues []string                     `tfsdk:"canonical_values"`
	MultiValued     bool                         `tfsdk:"multi_valued"`
	Mutability      string                       `tfsdk:"mutability"`
	Indexed         bool                         `tfsdk:"indexed"`
	SubAttributes   map[string]subAttributeModel `tfsdk:"sub_attributes"`
}

type subAttributeModel struct {
	Type            string   `tfsdk:"type"`
	Description     string   `tfsdk:"description"`
	Required        bool     `tfsdk:"required"`
	CaseExact       bool     `tfsdk:"case_exact"`
	CanonicalValues []string `tfsdk:"canonical_values"`
}

var scimExtensionKind = &kind[scimExtensionModel]{
	name: "scim_extension", title: "extension schema", key: "urn",
	description: "An extension schema (RFC 7643 section 3.3): attributes of users or groups that the organization declares.",
	attributes:  scimExtensionAttributes,
	parts: func(m *scimExtensionModel) parts {
		return parts{base: &m.base, entityTag: m.entityTag(), key: m.URN, label: m.URN, flags: []*types.Bool{&m.ForceDestroy}}
	},
	content: contentOf(toScimExtension),
	get: func(ctx context.Context, client *service.Client, identifier string) (scimExtensionModel, error) {
		return mapped(fromScimExtension)(service.Read[api.ScimExtension](client.GetScimExtension(ctx, identifier, &api.GetScimExtensionParams{})))
	},
	create: func(ctx context.Context, client *service.Client, planned scimExtensionModel) (scimExtensionModel, error) {
		return putScimExtension(ctx, client, planned, &api.PutScimExtensionParams{IfNoneMatch: service.AnyVersion()})
	},
	update: func(ctx context.Context, client *service.Client, planned, _ scimExtensionModel, ifMatch *string) (scimExtensionModel, error) {
		return putScimExtension(ctx, client, planned, &api.PutScimExtensionParams{IfMatch: ifMatch})
	},
	remove: func(ctx context.Context, client *service.Client, prior scimExtensionModel, ifMatch *string) error {
		params := &api.DeleteScimExtensionParams{Force: prior.ForceDestroy.ValueBoolPointer(), IfMatch: ifMatch}
		return service.Done(client.DeleteScimExtension(ctx, prior.URN, params))
	},
	list: func(ctx context.Context, client *service.Client, _ listPage) ([]scimExtensionModel, *string, error) {
		return readPage(fromScimExtension)(client.ListScimExtensions(ctx, &api.ListScimExtensionsParams{}))
	},
}

func putScimExtension(ctx context.Context, client *service.Client, m scimExtensionModel, params *api.PutScimExtensionParams) (scimExtensionModel, error) {
	body, err := toScimExtension(m)
	if err != nil {
		return m, err
	}
	return mapped(fromScimExtension)(service.Read[api.ScimExtension](client.PutScimExtension(ctx, m.URN, params, body)))
}

func toScimExtension(m scimExtensionModel) (api.ScimExtensionInput, error) {
	body := api.ScimExtensionInput{
		ResourceType: api.ScimExtensionInputResourceType(m.ResourceType), Name: m.Name, Description: &m.Description,
		Attributes: make([]api.ScimExtensionAttributeInput, 0, len(m.Attributes)),
	}
	for _, name := range sortedKeys(m.Attributes) {
		a := m.Attributes[name]
		attribute := api.ScimExtensionAttributeInput{
			Name: name, Type: enum[api.ScimExtensionAttributeInputType](&a.Type), Description: &a.Description, Required: &a.Required,
			CaseExact: &a.CaseExact, CanonicalValues: orNil(a.CanonicalValues), MultiValued: &a.MultiValued,
			Mutability: enum[api.ScimExtensionAttributeInputMutability](&a.Mutability), Indexed: &a.Indexed,
		}
		if a.SubAttributes != nil {
			attribute.SubAttributes = &[]api.ScimExtensionSubAttributeInput{}
		}
		for _, subName := range sortedKeys(a.SubAttributes) {
			s := a.SubAttributes[subName]
			*attribute.SubAttributes = append(*attribute.SubAttributes, api.ScimExtensionSubAttributeInput{
				Name: subName, Type: enum[api.ScimExtensionSubAttributeInputType](&s.Type), Description: &s.Description,
				Required: &s.Required, CaseExact: &s.CaseExact, CanonicalValues: orNil(s.CanonicalValues),
			})
		}
		body.Attributes = append(body.Attributes, attribute)
	}
	return body, nil
}

func fromScimExtension(extension api.ScimExtension) (scimExtensionModel, error) {
	m := scimExtensionModel{
		record: newRecord(extension.Id, extension.Version, extension.CreatedAt, extension.UpdatedAt),
		URN:    extension.Urn, ResourceType: string(extension.ResourceType), Name: extension.Name, Description: extension.Description,
		Attributes: map[string]extensionAttributeModel{},
	}
	for _, a := range extension.Attributes {
		attribute := extensionAttributeModel{
			Type: string(a.Type), Description: a.Description, Required: a.Required, CaseExact: a.CaseExact,
			CanonicalValues: valueOr(a.CanonicalValues, nil), MultiValued: a.MultiValued, Mutability: string(a.Mutability), Indexed: a.Indexed,
		}
		if a.SubAttributes != nil {
			attribute.SubAttributes = map[string]subAttributeModel{}
			for _, s := range *a.SubAttributes {
				attribute.SubAttributes[s.Name] = subAttributeModel{
					Type: string(s.Type), Description: s.Description, Required: s.Required, CaseExact: s.CaseExact,
					CanonicalValues: valueOr(s.CanonicalValues, nil),
				}
			}
		}
		m.Attributes[a.Name] = attribute
	}
	return m, nil
}
