package provider

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/hashicorp/terraform-plugin-framework/types"
	"github.com/oapi-codegen/nullable"

	"github.com/gatehouse/terraform-provider-gatehouse/internal/api"
	"github.com/gatehouse/terraform-provider-gatehouse/internal/service"
)

// never is the expiry of a token that does not expire.
const never = "never"

type tokenModel struct {
	record
	Name          string            `tfsdk:"name"`
	Description   *string           `tfsdk:"description"`
	Type          types.String      `tfsdk:"type"`
	Scopes        types.Set         `tfsdk:"scopes"`
	UserID        *string           `tfsdk:"user_id"`
	Environment   *string           `tfsdk:"environment"`
	McpServers    []string          `tfsdk:"mcp_servers"`
	MaxRisk       *string           `tfsdk:"max_risk"`
	AllowedIPs    []string          `tfsdk:"allowed_ips"`
	ExpiresAt     types.String      `tfsdk:"expires_at"`
	ExpiresInDays *int              `tfsdk:"expires_in_days"`
	Enabled       bool              `tfsdk:"enabled"`
	Rotation      types.Int64       `tfsdk:"rotation"`
	GracePeriod   types.Int64       `tfsdk:"rotation_grace_seconds"`
	Status        types.String      `tfsdk:"status"`
	Masked        types.String      `tfsdk:"masked"`
	Labels        map[string]string `tfsdk:"labels"`
}

var tokenKind = &kind[tokenModel]{
	name: "token", title: "token", key: "id",
	description: "An API token. No state and no plan contains its secret: the ephemeral resource `gatehouse_token_secret` returns it in the " +
		"apply that creates or rotates the token, for a write-only argument of another resource. A deletion revokes the token.",
	attributes: tokenAttributes,
	parts: func(m *tokenModel) parts {
		return parts{base: &m.base, entityTag: m.entityTag(), key: m.ID.ValueString(), label: m.Name}
	},
	lookups: []lookup{{attribute: "name", resolve: findTokenByName}},
	content: func(m tokenModel) (any, error) {
		patch, err := toTokenPatch(m, m)
		return []any{patch, m.Rotation.ValueInt64(), m.ExpiresAt.ValueString()}, err
	},
	get: func(ctx context.Context, client *service.Client, identifier string) (tokenModel, error) {
		return mapped(fromToken)(service.Read[api.Token](client.GetToken(ctx, identifier, &api.GetTokenParams{})))
	},
	create: createToken,
	update: updateToken,
	remove: func(ctx context.Context, client *service.Client, prior tokenModel, ifMatch *string) error {
		return service.Done(client.RevokeToken(ctx, prior.ID.ValueString(), &api.RevokeTokenParams{IfMatch: ifMatch}))
	},
	list:   listTokens,
	isGone: isRevoked,
	keepLocal: func(from, to *tokenModel) {
		to.ExpiresInDays, to.Rotation, to.GracePeriod = from.ExpiresInDays, from.Rotation, from.GracePeriod
		if isSameTime(from.ExpiresAt.ValueString(), to.ExpiresAt.ValueString()) {
			to.ExpiresAt = from.ExpiresAt
		}
	},
}

func createToken(ctx context.Context, client *service.Client, planned tokenModel) (tokenModel, error) {
	scopes, err := toScopes[api.TokenInputScopes](ctx, planned.Scopes)
	if err != nil {
		return planned, err
	}
	expiresAt, err := toExpiry(planned.ExpiresAt)
	if err != nil {
		return planned, err
	}
	body := api.TokenInput{
		Name: planned.Name, Description: planned.Description, Scopes: scopes, UserId: planned.UserID,
		Type: enum[api.TokenInputType](known(planned.Type)), Environment: planned.Environment, McpServers: orNil(planned.McpServers),
		MaxRisk: enum[api.TokenInputMaxRisk](planned.MaxRisk), AllowedIps: asSet(planned.AllowedIPs),
		ExpiresAt: expiresAt, ExpiresInDays: planned.ExpiresInDays, Labels: toLabels(planned.Labels),
	}
	issued, err := service.Read[api.IssuedToken](client.CreateToken(ctx, &api.CreateTokenParams{IdempotencyKey: newIdempotencyKey()}, body))
	if err != nil {
		return planned, err
	}
	client.Secrets.Put(issued.Id, issued.Token)
	var token api.Token
	if err := transcode(issued, &token); err != nil {
		return planned, err
	}
	stored, err := fromToken(token)
	if err != nil || planned.Enabled {
		return stored, err
	}
	disabled, err := patchToken(ctx, client, planned, stored, service.EntityTag(stored.Version.ValueInt64()))
	if err != nil {
		// A token that its configuration disables must not stay enabled without a state that knows it.
		revokeCtx, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Minute)
		defer cancel()
		revokeErr := service.Done(client.RevokeToken(revokeCtx, issued.Id, &api.RevokeTokenParams{}))
		return planned, fmt.Errorf("the token could not be disabled, and was revoked (%v): %w", revokeErr, err)
	}
	return disabled, nil
}

func updateToken(ctx context.Context, client *service.Client, planned, prior tokenModel, ifMatch *string) (tokenModel, error) {
	stored, err := patchToken(ctx, client, planned, prior, ifMatch)
	if err != nil || planned.Rotation.Equal(prior.Rotation) {
		return stored, err
	}
	body := api.TokenRotation{GracePeriodSeconds: pointerTo(int(planned.GracePeriod.ValueInt64()))}
	id := prior.ID.ValueString()
	issued, err := service.Read[api.IssuedToken](client.RotateToken(ctx, id, &api.RotateTokenParams{IdempotencyKey: newIdempotencyKey()}, body))
	if err != nil {
		return stored, err
	}
	client.Secrets.Put(id, issued.Token)
	var token api.Token
	if err := transcode(issued, &token); err != nil {
		return stored, err
	}
	return fromToken(token)
}

func patchToken(ctx context.Context, client *service.Client, planned, prior tokenModel, ifMatch *string) (tokenModel, error) {
	body, err := toTokenPatch(planned, prior)
	if err != nil {
		return planned, err
	}
	return mapped(fromToken)(service.Read[api.Token](client.PatchToken(ctx, prior.ID.ValueString(), &api.PatchTokenParams{IfMatch: ifMatch}, body)))
}

// toTokenPatch returns the changes of what can change. The expiry is sent only if it changes: one in the past is rejected.
func toTokenPatch(planned, prior tokenModel) (api.TokenPatch, error) {
	scopes, err := toScopes[api.TokenPatchScopes](context.Background(), planned.Scopes)
	if err != nil {
		return api.TokenPatch{}, err
	}
	body := api.TokenPatch{
		Name: &planned.Name, Description: nullable.NewNullNullable[string](), Scopes: scopes,
		AllowedIps: nullable.NewNullableWithValue(*asSet(planned.AllowedIPs)), Enabled: &planned.Enabled,
	}
	if planned.Description != nil {
		body.Description = nullable.NewNullableWithValue(*planned.Description)
	}
	if labels := changedLabels(planned.Labels, prior.Labels); len(labels) > 0 {
		body.Labels = nullable.NewNullableWithValue(labels)
	}
	switch {
	case planned.ExpiresInDays != nil && valueOr(prior.ExpiresInDays, 0) != *planned.ExpiresInDays:
		body.ExpiresInDays = planned.ExpiresInDays
	case !planned.ExpiresAt.IsUnknown() && !isSameTime(planned.ExpiresAt.ValueString(), prior.ExpiresAt.ValueString()):
		if body.ExpiresAt, err = toExpiry(planned.ExpiresAt); err != nil {
			return body, err
		}
	}
	return body, nil
}

func fromToken(token api.Token) (tokenModel, error) {
	m := tokenModel{
		record: newRecord(token.Id, token.Version, token.CreatedAt, token.UpdatedAt),
		Name:   token.Name, Description: token.Description, Type: types.StringValue(string(token.Type)),
		Scopes: fromScopes(token.Scopes), UserID: token.UserId, Environment: token.Environment,
		MaxRisk: enum[string](token.MaxRisk), AllowedIPs: enums[string](token.AllowedIps), Enabled: token.Enabled,
		ExpiresAt: types.StringValue(never), Status: types.StringValue(string(token.Status)), Masked: types.StringValue(token.Masked),
		Labels: token.Labels, Rotation: types.Int64Value(1), GracePeriod: types.Int64Value(0),
	}
	if token.McpServers != nil {
		m.McpServers = *token.McpServers
	}
	if expiresAt, err := token.ExpiresAt.Get(); err == nil {
		m.ExpiresAt = toTime(expiresAt)
	}
	return m, nil
}

func listTokens(ctx context.Context, client *service.Client, page listPage) ([]tokenModel, *string, error) {
	return readPage(fromToken)(client.ListTokens(ctx, &api.ListTokensParams{Limit: &pageSize, Cursor: page.cursor, Label: page.labels}))
}

func isRevoked(m *tokenModel) bool {
	return m.Status.ValueString() == string(api.TokenStatusRevoked)
}

func findTokenByName(ctx context.Context, client *service.Client, name string) (string, error) {
	var found []tokenModel
	// The filter finds names that begin with this one, case-insensitively.
	params := &api.ListTokensParams{Limit: &pageSize, Name: &name}
	for {
		page, next, err := readPage(fromToken)(client.ListTokens(ctx, params))
		if err != nil {
			return "", err
		}
		for _, token := range page {
			if token.Name == name && !isRevoked(&token) {
				found = append(found, token)
			}
		}
		if next == nil {
			return only(found, func(m tokenModel) string { return m.ID.ValueString() })
		}
		params.Cursor = next
	}
}

func isSameTime(one, other string) bool {
	first, err := time.Parse(time.RFC3339, one)
	if err != nil {
		return one == other
	}
	second, err := time.Parse(time.RFC3339, other)
	return err == nil && first.Equal(second)
}

// newIdempotencyKey identifies one creation or rotation, so that a repeated request has no second effect.
func newIdempotencyKey() *string {
	return pointerTo(uuid.NewString())
}
