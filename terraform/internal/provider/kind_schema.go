package provider

import (
	"context"
	"maps"

	"github.com/hashicorp/terraform-plugin-framework-timeouts/resource/timeouts"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/planmodifier"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/stringplanmodifier"
	"github.com/hashicorp/terraform-plugin-framework/types"
)

// schemaVersion is that of the states that this release writes. A change of attributes that older states do not satisfy
// raises it and adds an upgrader; the states in testdata/states must stay readable.
const schemaVersion = 0

// schema returns the attributes of a kind with those of every resource.
func (k *kind[M]) schema(ctx context.Context) schema.Schema {
	attributes := map[string]schema.Attribute{
		"id": schema.StringAttribute{
			Computed: true, MarkdownDescription: "Identifies the resource. It never changes.",
			PlanModifiers: []planmodifier.String{stringplanmodifier.UseStateForUnknown()},
		},
		"timeouts": timeouts.Attributes(ctx, timeoutOptions),
	}
	if !k.isPart {
		attributes["version"] = schema.Int64Attribute{
			Computed: true, MarkdownDescription: "Increases with every change. A change is applied only if no other client has changed the resource since the plan.",
		}
		attributes["created_at"] = schema.StringAttribute{
			Computed: true, MarkdownDescription: "Time of the creation (RFC 3339).",
			PlanModifiers: []planmodifier.String{stringplanmodifier.UseStateForUnknown()},
		}
		attributes["updated_at"] = schema.StringAttribute{Computed: true, MarkdownDescription: "Time of the last change (RFC 3339)."}
	}
	maps.Copy(attributes, k.attributes)
	return schema.Schema{Version: schemaVersion, MarkdownDescription: k.description, Attributes: attributes}
}

const timeoutText = "Time limit with retries, such as `30s` or `10m`. The default is 5 minutes."

var timeoutOptions = timeouts.Opts{
	Create: true, Read: true, Update: true, Delete: true,
	CreateDescription: timeoutText, ReadDescription: timeoutText, UpdateDescription: timeoutText, DeleteDescription: timeoutText,
}

// noTimeouts is the value of a configuration without timeouts.
func noTimeouts(ctx context.Context) timeouts.Value {
	attribute := timeouts.Attributes(ctx, timeoutOptions)
	objectType := attribute.GetType().(timeouts.Type)
	return timeouts.Value{Object: types.ObjectNull(objectType.AttrTypes)}
}
