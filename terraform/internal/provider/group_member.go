package provider

import (
	"context"
	"fmt"
	"net/http"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/planmodifier"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/stringplanmodifier"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/gatehouse/terraform-provider-gatehouse/internal/api"
	"github.com/gatehouse/terraform-provider-gatehouse/internal/service"
)

type groupMemberModel struct {
	base
	GroupID  string     `tfsdk:"group_id"`
	MemberID string     `tfsdk:"member_id"`
	Override types.Bool `tfsdk:"override"`
}

var groupMemberKind = &kind[groupMemberModel]{
	name: "group_member", title: "group member", key: "id", isPart: true,
	description: "One direct member of a group. Other members stay as they are. A user or group that is a direct member already must be " +
		"imported: otherwise a deletion would remove a membership that another client has created. The identifier of an import is `GROUP/MEMBER`.",
	attributes: map[string]schema.Attribute{
		"group_id": groupIDAttribute,
		"member_id": schema.StringAttribute{
			Required: true, MarkdownDescription: "The id of a user or group. A change replaces the resource.",
			PlanModifiers: []planmodifier.String{stringplanmodifier.RequiresReplace()},
		},
		"override": overrideAttribute("group"),
	},
	parts: func(m *groupMemberModel) parts {
		return parts{base: &m.base, key: m.ID.ValueString(), label: m.ID.ValueString(), flags: []*types.Bool{&m.Override}}
	},
	content: func(m groupMemberModel) (any, error) { return m.MemberID, nil },
	get: func(ctx context.Context, client *service.Client, identifier string) (groupMemberModel, error) {
		// The name of a group can contain a slash, an id cannot.
		separator := strings.LastIndex(identifier, "/")
		if separator < 1 || separator == len(identifier)-1 {
			return groupMemberModel{}, fmt.Errorf("%q has not the form GROUP/MEMBER, with the id of the member", identifier)
		}
		group, err := groupIDOf(ctx, client, identifier[:separator])
		if err != nil {
			return groupMemberModel{}, err
		}
		member := identifier[separator+1:]
		return readGroupMember(group)(service.Read[api.Member](client.GetGroupMember(ctx, group, member)))
	},
	create: func(ctx context.Context, client *service.Client, planned groupMemberModel) (groupMemberModel, error) {
		params := &api.PutGroupMemberParams{Override: planned.Override.ValueBoolPointer()}
		response, err := client.PutGroupMember(ctx, planned.GroupID, planned.MemberID, params)
		member, err := readGroupMember(planned.GroupID)(service.Read[api.Member](response, err))
		// The service accepts a member that the group has already. Its deletion here would remove the member of another client.
		if err == nil && response.StatusCode != http.StatusCreated {
			return member, fmt.Errorf("%q is a direct member of the group already. To manage the membership here, import it: "+
				"terraform import gatehouse_group_member.NAME %q", planned.MemberID, member.ID.ValueString())
		}
		return member, err
	},
	// Only Terraform's own attributes can change without a replacement.
	update: func(_ context.Context, _ *service.Client, planned, prior groupMemberModel, _ *string) (groupMemberModel, error) {
		planned.ID = prior.ID
		return planned, nil
	},
	remove: func(ctx context.Context, client *service.Client, prior groupMemberModel, _ *string) error {
		params := &api.RemoveGroupMemberParams{Override: prior.Override.ValueBoolPointer()}
		return service.Done(client.RemoveGroupMember(ctx, prior.GroupID, prior.MemberID, params))
	},
	checkPlan: rejectManagedGroup,
}

func readGroupMember(group string) func(api.Member, error) (groupMemberModel, error) {
	return mapped(func(member api.Member) (groupMemberModel, error) {
		id := types.StringValue(group + "/" + member.Id)
		return groupMemberModel{base: base{ID: id}, GroupID: group, MemberID: member.Id}, nil
	})
}
