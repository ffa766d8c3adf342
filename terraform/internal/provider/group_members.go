package provider

import (
	"context"
	"regexp"

	"github.com/hashicorp/terraform-plugin-framework-validators/setvalidator"
	"github.com/hashicorp/terraform-plugin-framework-validators/stringvalidator"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/planmodifier"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/stringplanmodifier"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/gatehouse/terraform-provider-gatehouse/internal/api"
	"github.com/gatehouse/terraform-provider-gatehouse/internal/service"
)

// groupMembersModel has the version of its group.
type groupMembersModel struct {
	record
	GroupID  string     `tfsdk:"group_id"`
	Members  []string   `tfsdk:"members"`
	Override types.Bool `tfsdk:"override"`
}

var groupIDAttribute = schema.StringAttribute{
	Required: true, MarkdownDescription: "The id of the group. A change replaces the resource.",
	Validators:    []validator.String{stringvalidator.RegexMatches(regexp.MustCompile(`^grp_`), "must be the id of a group, not its name")},
	PlanModifiers: []planmodifier.String{stringplanmodifier.RequiresReplace()},
}

var groupMembersKind = &kind[groupMembersModel]{
	name: "group_members", title: "member set", key: "group_id",
	description: "All direct members of a group: others are removed from it, at the creation too. A deletion removes all members. Use " +
		"`gatehouse_group_member` where another client manages members of the group as well; do not use both for one group.",
	attributes: map[string]schema.Attribute{
		"group_id": groupIDAttribute,
		"members": schema.SetAttribute{
			Required: true, ElementType: types.StringType, MarkdownDescription: "The ids of users and groups, at most 10,000.",
			Validators: []validator.Set{setvalidator.SizeAtMost(10_000)},
		},
		"override": overrideAttribute("group"),
	},
	parts: func(m *groupMembersModel) parts {
		return parts{base: &m.base, version: m.Version, key: m.GroupID, label: m.GroupID, flags: []*types.Bool{&m.Override}}
	},
	content: func(m groupMembersModel) (any, error) { return asSet(m.Members), nil },
	dropDetached: func(m *groupMembersModel, detached *service.DetachedReferences) {
		m.Members = detached.Without(groupReference, detached.Without(userReference, m.Members))
	},
	get: readGroupMembers,
	create: func(ctx context.Context, client *service.Client, planned groupMembersModel) (groupMembersModel, error) {
		return putGroupMembers(ctx, client, planned, planned.Members, nil)
	},
	update: func(ctx context.Context, client *service.Client, planned, _ groupMembersModel, ifMatch *string) (groupMembersModel, error) {
		return putGroupMembers(ctx, client, planned, planned.Members, ifMatch)
	},
	remove: func(ctx context.Context, client *service.Client, prior groupMembersModel, ifMatch *string) error {
		_, err := putGroupMembers(ctx, client, prior, []string{}, ifMatch)
		return err
	},
	checkPlan: rejectManagedGroup,
}

func putGroupMembers(ctx context.Context, client *service.Client, m groupMembersModel, members []string, ifMatch *string) (groupMembersModel, error) {
	params := &api.PutGroupMembersParams{IfMatch: ifMatch, Override: m.Override.ValueBoolPointer()}
	body := api.MembersReplacement{Members: *asSet(members)}
	if err := service.Done(client.PutGroupMembers(ctx, m.GroupID, params, body)); err != nil {
		return m, err
	}
	return readGroupMembers(ctx, client, m.GroupID)
}

func readGroupMembers(ctx context.Context, client *service.Client, identifier string) (groupMembersModel, error) {
	group, err := readGroup(ctx, client, identifier)
	if err != nil {
		return groupMembersModel{}, err
	}
	m := groupMembersModel{record: group.record, GroupID: group.ID.ValueString(), Members: []string{}}
	for cursor := (*string)(nil); ; {
		params := &api.ListGroupMembersParams{Limit: &pageSize, Cursor: cursor}
		page, next, err := readPage(idOfMember)(client.ListGroupMembers(ctx, m.GroupID, params))
		if err != nil {
			return m, err
		}
		m.Members = append(m.Members, page...)
		if next == nil {
			return m, nil
		}
		cursor = next
	}
}

func idOfMember(member api.Member) (string, error) {
	return member.Id, nil
}
