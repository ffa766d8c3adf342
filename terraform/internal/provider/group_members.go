package provider

import (
	"context"
	"net/http"
	"regexp"
	"strings"

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

type groupMembersModel struct {
	base
	ETag     types.String `tfsdk:"etag"`
	GroupID  string       `tfsdk:"group_id"`
	Members  []string     `tfsdk:"members"`
	Override types.Bool   `tfsdk:"override"`
}

var groupIDAttribute = schema.StringAttribute{
	Required: true, MarkdownDescription: "The id of the group. A change replaces the resource.",
	Validators:    []validator.String{stringvalidator.RegexMatches(regexp.MustCompile(`^grp_`), "must be the id of a group, not its name")},
	PlanModifiers: []planmodifier.String{stringplanmodifier.RequiresReplace()},
}

var groupMembersKind = &kind[groupMembersModel]{
	name: "group_members", title: "member set", key: "group_id", isPart: true,
	description: "All direct members of a group: others are removed from it, at the creation too. A deletion removes all members. Use " +
		"`gatehouse_group_member` where another client manages members of the group as well; do not use both for one group.",
	attributes: map[string]schema.Attribute{
		"group_id": groupIDAttribute,
		"members": schema.SetAttribute{
			Required: true, ElementType: types.StringType, MarkdownDescription: "The ids of users and groups, at most 10,000.",
			Validators: []validator.Set{setvalidator.SizeAtMost(10_000)},
		},
		"etag": schema.StringAttribute{
			Computed: true, MarkdownDescription: "Changes when a member is added or removed. A change is applied only if no other client has changed the members since the plan.",
		},
		"override": overrideAttribute("group"),
	},
	parts: func(m *groupMembersModel) parts {
		return parts{base: &m.base, entityTag: m.ETag.ValueStringPointer(), key: m.GroupID, label: m.GroupID, flags: []*types.Bool{&m.Override}}
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
	params := &api.PutGroupMemberSetParams{IfMatch: ifMatch, Override: m.Override.ValueBoolPointer()}
	return toGroupMembers(m.GroupID)(client.PutGroupMemberSet(ctx, m.GroupID, params, api.MemberSetInput{Members: *asSet(members)}))
}

func readGroupMembers(ctx context.Context, client *service.Client, identifier string) (groupMembersModel, error) {
	group, err := groupIDOf(ctx, client, identifier)
	if err != nil {
		return groupMembersModel{}, err
	}
	return toGroupMembers(group)(client.GetGroupMemberSet(ctx, group, &api.GetGroupMemberSetParams{}))
}

func toGroupMembers(group string) func(*http.Response, error) (groupMembersModel, error) {
	return func(response *http.Response, err error) (groupMembersModel, error) {
		set, err := service.Read[api.MemberSet](response, err)
		if err != nil {
			return groupMembersModel{}, err
		}
		return groupMembersModel{
			base: base{ID: types.StringValue(group)}, GroupID: group, Members: set.Members, ETag: types.StringValue(response.Header.Get("ETag")),
		}, nil
	}
}

// groupIDOf returns the id of the group that an import names: by its id or its name.
func groupIDOf(ctx context.Context, client *service.Client, identifier string) (string, error) {
	if strings.HasPrefix(identifier, "grp_") {
		return identifier, nil
	}
	group, err := readGroup(ctx, client, identifier)
	return group.ID.ValueString(), err
}
