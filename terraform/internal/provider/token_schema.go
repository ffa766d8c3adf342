package provider

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/hashicorp/terraform-plugin-framework-validators/int64validator"
	"github.com/hashicorp/terraform-plugin-framework-validators/setvalidator"
	"github.com/hashicorp/terraform-plugin-framework-validators/stringvalidator"
	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/int64default"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/planmodifier"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/setplanmodifier"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/stringplanmodifier"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"
	"github.com/oapi-codegen/nullable"

	"github.com/gatehouse/terraform-provider-gatehouse/internal/api"
)

var scopeNames = []string{
	"all", "admin:read", "admin:write", "admin:scim", "admin:tokens", "connect:read", "connect:write", "connect:call", "connect:exchange-auth",
}

var tokenAttributes = map[string]schema.Attribute{
	"name":        schema.StringAttribute{Required: true, MarkdownDescription: "The purpose of the token.", Validators: []validator.String{stringvalidator.UTF8LengthAtMost(200), notBlank}},
	"description": optionalString("The description.", stringvalidator.UTF8LengthAtMost(1000)),
	"type": schema.StringAttribute{
		Optional: true, Computed: true, MarkdownDescription: "`admin` (the default), `scim`, `mcp` or `agent`. It limits the scopes. A change replaces the token.",
		Validators:    []validator.String{stringvalidator.OneOf("admin", "scim", "mcp", "agent")},
		PlanModifiers: []planmodifier.String{stringplanmodifier.UseStateForUnknown(), stringplanmodifier.RequiresReplace()},
	},
	"scopes": schema.SetAttribute{
		Optional: true, Computed: true, ElementType: types.StringType,
		MarkdownDescription: "What the token can do. Required for the type `admin`; the default of the other types depends on the type. A scope can be removed; a new one replaces the token.",
		Validators:          []validator.Set{setvalidator.SizeAtLeast(1), setvalidator.ValueStringsAre(stringvalidator.OneOf(scopeNames...))},
		PlanModifiers: []planmodifier.Set{setplanmodifier.UseStateForUnknown(), setplanmodifier.RequiresReplaceIf(
			addsScopes, "A new scope replaces the token.", "A new scope replaces the token.")},
	},
	"user_id":     optionalFixed("The id of the user as whom a personal token acts. A change replaces the token."),
	"environment": optionalFixed("Restricts the token to the MCP servers of this environment. A change replaces the token.", isSlug),
	"mcp_servers": schema.SetAttribute{
		Optional: true, ElementType: types.StringType, MarkdownDescription: "Restricts the token to the MCP servers with these slugs. A change replaces the token.",
		Validators:    []validator.Set{setvalidator.SizeBetween(1, 100), setvalidator.ValueStringsAre(isSlug)},
		PlanModifiers: []planmodifier.Set{setplanmodifier.RequiresReplace()},
	},
	"max_risk": optionalFixed("Restricts the token to tools of this risk or a lower one: `read`, `write` or `destructive`. A change replaces the token.",
		stringvalidator.OneOf("read", "write", "destructive")),
	"allowed_ips": stringSet("Addresses and CIDR ranges from which the token can be used. The default is any address.", setvalidator.SizeAtMost(64)),
	"expires_at": schema.StringAttribute{
		Optional: true, Computed: true, MarkdownDescription: "When the token expires (RFC 3339), or `never`. The default is that of the organization.",
		Validators:    []validator.String{stringvalidator.ConflictsWith(path.MatchRoot("expires_in_days"))},
		PlanModifiers: []planmodifier.String{expiryOfState{}},
	},
	"expires_in_days": schema.Int64Attribute{
		Optional: true, MarkdownDescription: "The lifetime from the creation, or from the change of this value, in days.",
		Validators: []validator.Int64{int64validator.Between(1, 36_500)},
	},
	"labels":  labelsAttribute(),
	"enabled": boolWithDefault("A disabled token is rejected until it is enabled again.", true),
	"rotation": schema.Int64Attribute{
		Optional: true, Computed: true, Default: int64default.StaticInt64(1),
		MarkdownDescription: "A change replaces the secret. The token keeps its id and everything else. Use it as the version of write-only arguments.",
	},
	"rotation_grace_seconds": schema.Int64Attribute{
		Optional: true, Computed: true, Default: int64default.StaticInt64(0),
		MarkdownDescription: "How long the previous secret stays valid after a rotation, at most 604,800 seconds.",
		Validators:          []validator.Int64{int64validator.Between(0, 604_800)},
	},
	"status": schema.StringAttribute{Computed: true, MarkdownDescription: "`active`, `disabled` or `expired`."},
	"masked": schema.StringAttribute{Computed: true, MarkdownDescription: "The first characters of the secret, to recognize it."},
}

func addsScopes(ctx context.Context, req planmodifier.SetRequest, resp *setplanmodifier.RequiresReplaceIfFuncResponse) {
	var before, after []string
	resp.Diagnostics.Append(req.StateValue.ElementsAs(ctx, &before, false)...)
	resp.Diagnostics.Append(req.PlanValue.ElementsAs(ctx, &after, false)...)
	for _, scope := range after {
		if !slices.Contains(before, scope) {
			resp.RequiresReplace = true
		}
	}
}

// expiryOfState keeps the expiry unless expires_in_days changes it.
type expiryOfState struct{}

func (expiryOfState) Description(context.Context) string {
	return "stays unless expires_in_days changes"
}

func (m expiryOfState) MarkdownDescription(ctx context.Context) string { return m.Description(ctx) }

func (expiryOfState) PlanModifyString(ctx context.Context, req planmodifier.StringRequest, resp *planmodifier.StringResponse) {
	if !req.ConfigValue.IsNull() || req.State.Raw.IsNull() || req.Plan.Raw.IsNull() {
		return
	}
	var before, after types.Int64
	resp.Diagnostics.Append(req.State.GetAttribute(ctx, path.Root("expires_in_days"), &before)...)
	resp.Diagnostics.Append(req.Plan.GetAttribute(ctx, path.Root("expires_in_days"), &after)...)
	if after.IsNull() || after.Equal(before) {
		resp.PlanValue = req.StateValue
	}
}

func toExpiry(value types.String) (nullable.Nullable[time.Time], error) {
	switch text := value.ValueString(); {
	case value.IsNull() || value.IsUnknown():
		return nil, nil
	case text == never:
		return nullable.NewNullNullable[time.Time](), nil
	default:
		expiry, err := time.Parse(time.RFC3339, text)
		if err != nil {
			return nil, errors.New("expires_at must be a time such as 2030-01-31T00:00:00Z, or never")
		}
		return nullable.NewNullableWithValue(expiry), nil
	}
}

// known returns an optional value of the plan: absent if the service decides.
func known(value types.String) *string {
	if value.IsUnknown() {
		return nil
	}
	return value.ValueStringPointer()
}

func toScopes[T ~string](ctx context.Context, scopes types.Set) (*[]T, error) {
	if scopes.IsNull() || scopes.IsUnknown() {
		return nil, nil
	}
	var names []string
	if diags := scopes.ElementsAs(ctx, &names, false); diags.HasError() {
		return nil, errors.New("scopes cannot be read")
	}
	return pointerTo(enums[T](*asSet(names))), nil
}

func fromScopes(scopes []api.TokenScopes) types.Set {
	elements := make([]attr.Value, 0, len(scopes))
	for _, scope := range scopes {
		elements = append(elements, types.StringValue(string(scope)))
	}
	return types.SetValueMust(types.StringType, elements)
}
