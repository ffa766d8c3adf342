package provider

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework-jsontypes/jsontypes"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/gatehouse/terraform-provider-gatehouse/internal/api"
	"github.com/gatehouse/terraform-provider-gatehouse/internal/service"
)

type userModel struct {
	record
	ownership
	UserName          string                          `tfsdk:"user_name"`
	ExternalID        *string                         `tfsdk:"external_id"`
	Active            bool                            `tfsdk:"active"`
	DisplayName       *string                         `tfsdk:"display_name"`
	NickName          *string                         `tfsdk:"nick_name"`
	Name              *userNameModel                  `tfsdk:"name"`
	Title             *string                         `tfsdk:"title"`
	UserType          *string                         `tfsdk:"user_type"`
	ProfileURL        *string                         `tfsdk:"profile_url"`
	PreferredLanguage *string                         `tfsdk:"preferred_language"`
	Locale            *string                         `tfsdk:"locale"`
	Timezone          *string                         `tfsdk:"timezone"`
	Emails            []emailModel                    `tfsdk:"emails"`
	Enterprise        *enterpriseModel                `tfsdk:"enterprise"`
	Extensions        map[string]jsontypes.Normalized `tfsdk:"extensions"`
}

type userNameModel struct {
	Formatted       *string `tfsdk:"formatted" json:"formatted,omitempty"`
	FamilyName      *string `tfsdk:"family_name" json:"familyName,omitempty"`
	GivenName       *string `tfsdk:"given_name" json:"givenName,omitempty"`
	MiddleName      *string `tfsdk:"middle_name" json:"middleName,omitempty"`
	HonorificPrefix *string `tfsdk:"honorific_prefix" json:"honorificPrefix,omitempty"`
	HonorificSuffix *string `tfsdk:"honorific_suffix" json:"honorificSuffix,omitempty"`
}

type emailModel struct {
	Value   string  `tfsdk:"value" json:"value"`
	Type    *string `tfsdk:"type" json:"type,omitempty"`
	Primary *bool   `tfsdk:"primary" json:"primary,omitempty"`
	Display *string `tfsdk:"display" json:"display,omitempty"`
}

type enterpriseModel struct {
	CostCenter     *string       `tfsdk:"cost_center" json:"costCenter,omitempty"`
	Department     *string       `tfsdk:"department" json:"department,omitempty"`
	Division       *string       `tfsdk:"division" json:"division,omitempty"`
	EmployeeNumber *string       `tfsdk:"employee_number" json:"employeeNumber,omitempty"`
	Organization   *string       `tfsdk:"organization" json:"organization,omitempty"`
	Manager        *managerModel `tfsdk:"manager" json:"manager,omitempty"`
}

type managerModel struct {
	Value string `tfsdk:"value" json:"value"`
}

// userFields are the attributes that this provider manages. Others, such as phoneNumbers, keep their values.
var userFields = []string{
	"userName", "externalId", "active", "displayName", "nickName", "name", "title", "userType", "profileUrl",
	"preferredLanguage", "locale", "timezone", "emails", "enterpriseUser", "extensions",
}

var userKind = &kind[userModel]{
	name: "user", title: "user", key: "id",
	description: "A user of the organization. An identity provider usually manages users (SCIM); this resource is for those that it " +
		"does not know. Attributes that are not listed here keep their values.",
	attributes: userAttributes,
	parts: func(m *userModel) parts {
		return parts{base: &m.base, entityTag: m.entityTag(), key: m.ID.ValueString(), label: m.UserName, flags: m.flags()}
	},
	lookups: []lookup{{attribute: "user_name"}, {attribute: "email", resolve: findUserByEmail}},
	content: contentOf(toUser),
	get: func(ctx context.Context, client *service.Client, identifier string) (userModel, error) {
		return mapped(fromUser)(service.Read[api.User](client.GetUser(ctx, identifier, &api.GetUserParams{})))
	},
	create: func(ctx context.Context, client *service.Client, planned userModel) (userModel, error) {
		body, err := toUser(planned)
		if err != nil {
			return planned, err
		}
		return mapped(fromUser)(service.Read[api.User](client.CreateUser(ctx, &api.CreateUserParams{}, body)))
	},
	update: func(ctx context.Context, client *service.Client, planned, prior userModel, ifMatch *string) (userModel, error) {
		content, err := toUser(planned)
		if err != nil {
			return planned, err
		}
		id := prior.ID.ValueString()
		current, err := readRaw(client.GetUser(ctx, id, &api.GetUserParams{}))
		if err != nil {
			return planned, err
		}
		body, err := service.Overlay(current, content, userFields...)
		if err != nil {
			return planned, err
		}
		params := &api.PutUserParams{IfMatch: ifMatch, Override: planned.Override.ValueBoolPointer()}
		return mapped(fromUser)(service.Read[api.User](client.PutUserWithBody(ctx, id, params, jsonContentType, body)))
	},
	remove: func(ctx context.Context, client *service.Client, prior userModel, ifMatch *string) error {
		params := &api.DeleteUserParams{
			IfMatch: ifMatch, Override: prior.Override.ValueBoolPointer(), Detach: prior.ForceDestroy.ValueBoolPointer(),
		}
		id := prior.ID.ValueString()
		return client.Detached.AfterRemoval(userReference, id, service.Done(client.DeleteUser(ctx, id, params)))
	},
	list: func(ctx context.Context, client *service.Client, page listPage) ([]userModel, *string, error) {
		return readPage(fromUser)(client.ListUsers(ctx, &api.ListUsersParams{Limit: &pageSize, Cursor: page.cursor}))
	},
	checkPlan: rejectManaged("user"),
}

func toUser(m userModel) (api.UserInput, error) {
	body := api.UserInput{
		UserName: m.UserName, ExternalId: m.ExternalID, Active: &m.Active, DisplayName: m.DisplayName, NickName: m.NickName,
		Title: m.Title, UserType: m.UserType, ProfileUrl: m.ProfileURL, PreferredLanguage: m.PreferredLanguage,
		Locale: m.Locale, Timezone: m.Timezone,
	}
	var err error
	if body.Extensions, err = toExtensions(m.Extensions); err != nil {
		return body, err
	}
	if err = transcode(m.Name, &body.Name); err != nil {
		return body, err
	}
	if err = transcode(m.Enterprise, &body.EnterpriseUser); err != nil {
		return body, err
	}
	if m.Emails == nil {
		return body, nil
	}
	return body, transcode(sortedEmails(m.Emails), &body.Emails)
}

func fromUser(user api.User) (userModel, error) {
	m := userModel{
		record:    newRecord(user.Id, user.Version, user.CreatedAt, user.UpdatedAt),
		ownership: ownership{ManagedBy: types.StringPointerValue(enum[string](user.ManagedBy))},
		UserName:  user.UserName, ExternalID: user.ExternalId, Active: user.Active, DisplayName: user.DisplayName,
		NickName: user.NickName, Title: user.Title, UserType: user.UserType, ProfileURL: user.ProfileUrl,
		PreferredLanguage: user.PreferredLanguage, Locale: user.Locale, Timezone: user.Timezone,
		Extensions: fromExtensions(user.Extensions),
	}
	if err := transcode(user.Name, &m.Name); err != nil {
		return m, err
	}
	if err := transcode(user.EnterpriseUser, &m.Enterprise); err != nil {
		return m, err
	}
	return m, transcode(user.Emails, &m.Emails)
}

func findUserByEmail(ctx context.Context, client *service.Client, email string) (string, error) {
	users, _, err := readPage(fromUser)(client.ListUsers(ctx, &api.ListUsersParams{Email: &email}))
	if err != nil {
		return "", err
	}
	return only(users, func(m userModel) string { return m.ID.ValueString() })
}
