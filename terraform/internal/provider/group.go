package provider

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework-jsontypes/jsontypes"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/gatehouse/terraform-provider-gatehouse/internal/api"
	"github.com/gatehouse/terraform-provider-gatehouse/internal/service"
)

type groupModel struct {
	record
	ownership
	DisplayName string                          `tfsdk:"display_name"`
	ExternalID  *string                         `tfsdk:"external_id"`
	Extensions  map[string]jsontypes.Normalized `tfsdk:"extensions"`
	Labels      map[string]string               `tfsdk:"labels"`
}

var groupKind = &kind[groupModel]{
	name: "group", title: "group", key: "id",
	description: "A group of users and groups. `gatehouse_group_members` manages all of its members, `gatehouse_group_member` single ones.",
	attributes: map[string]schema.Attribute{
		"display_name": schema.StringAttribute{
			Required: true, MarkdownDescription: "The name, unique in the organization, case-insensitively.",
			Validators: []validator.String{notBlank},
		},
		"external_id":   optionalString("The identifier of the group at the identity provider."),
		"extensions":    extensionsAttribute,
		"managed_by":    managedByAttribute,
		"override":      overrideAttribute("group"),
		"labels":        labelsAttribute(),
		"force_destroy": forceDestroyAttribute("group"),
	},
	parts: func(m *groupModel) parts {
		return parts{base: &m.base, entityTag: m.entityTag(), key: m.ID.ValueString(), label: m.DisplayName, flags: m.flags()}
	},
	lookups: []lookup{{attribute: "display_name"}},
	content: contentOf(toGroup),
	get:     readGroup,
	create: func(ctx context.Context, client *service.Client, planned groupModel) (groupModel, error) {
		body, err := toGroup(planned)
		if err != nil {
			return planned, err
		}
		return mapped(fromGroup)(service.Read[api.Group](client.CreateGroup(ctx, &api.CreateGroupParams{}, body)))
	},
	update: func(ctx context.Context, client *service.Client, planned, prior groupModel, ifMatch *string) (groupModel, error) {
		content, err := toGroup(planned)
		if err != nil {
			return planned, err
		}
		id := prior.ID.ValueString()
		current, err := readRaw(client.GetGroup(ctx, id, &api.GetGroupParams{}))
		if err != nil {
			return planned, err
		}
		body, err := service.Overlay(current, content, "displayName", "externalId", "extensions", "labels")
		if err != nil {
			return planned, err
		}
		params := &api.PutGroupParams{IfMatch: ifMatch, Override: planned.Override.ValueBoolPointer()}
		return mapped(fromGroup)(service.Read[api.Group](client.PutGroupWithBody(ctx, id, params, jsonContentType, body)))
	},
	remove: func(ctx context.Context, client *service.Client, prior groupModel, ifMatch *string) error {
		params := &api.DeleteGroupParams{
			IfMatch: ifMatch, Override: prior.Override.ValueBoolPointer(), Detach: prior.ForceDestroy.ValueBoolPointer(),
		}
		id := prior.ID.ValueString()
		return client.Detached.AfterRemoval(groupReference, id, service.Done(client.DeleteGroup(ctx, id, params)))
	},
	list: func(ctx context.Context, client *service.Client, page listPage) ([]groupModel, *string, error) {
		return readPage(fromGroup)(client.ListGroups(ctx, &api.ListGroupsParams{Limit: &pageSize, Cursor: page.cursor, Label: page.labels}))
	},
	checkPlan: rejectManaged("group"),
}

func readGroup(ctx context.Context, client *service.Client, identifier string) (groupModel, error) {
	return mapped(fromGroup)(service.Read[api.Group](client.GetGroup(ctx, identifier, &api.GetGroupParams{})))
}

func toGroup(m groupModel) (api.GroupInput, error) {
	extensions, err := toExtensions(m.Extensions)
	return api.GroupInput{DisplayName: m.DisplayName, ExternalId: m.ExternalID, Extensions: extensions, Labels: toLabels(m.Labels)}, err
}

func fromGroup(group api.Group) (groupModel, error) {
	return groupModel{
		record:      newRecord(group.Id, group.Version, group.CreatedAt, group.UpdatedAt),
		ownership:   ownership{ManagedBy: types.StringPointerValue(enum[string](group.ManagedBy))},
		DisplayName: group.DisplayName, ExternalID: group.ExternalId, Extensions: fromExtensions(group.Extensions), Labels: group.Labels,
	}, nil
}
