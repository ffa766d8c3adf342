package provider

import (
	"context"
	"errors"
	"fmt"
	"net/http"

	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/tfsdk"

	"github.com/gatehouse/terraform-provider-gatehouse/internal/service"
)

// pageSize is the largest that the service allows.
var pageSize = 100

var idLookup = []lookup{{attribute: "id"}}

// mapped converts what a call has read.
func mapped[From, To any](convert func(From) (To, error)) func(From, error) (To, error) {
	return func(value From, err error) (To, error) {
		if err != nil {
			var none To
			return none, err
		}
		return convert(value)
	}
}

// readPage reads the items of a list and the cursor of the next page.
func readPage[From, To any](convert func(From) (To, error)) func(*http.Response, error) ([]To, *string, error) {
	return func(response *http.Response, err error) ([]To, *string, error) {
		page, err := service.Read[struct {
			Data       []From `json:"data"`
			Pagination struct {
				NextCursor *string `json:"nextCursor"`
			} `json:"pagination"`
		}](response, err)
		if err != nil {
			return nil, nil, err
		}
		items := make([]To, 0, len(page.Data))
		for _, each := range page.Data {
			item, err := convert(each)
			if err != nil {
				return nil, nil, err
			}
			items = append(items, item)
		}
		return items, page.Pagination.NextCursor, nil
	}
}

// contentOf is the content of a kind, whose body has a type of the client.
func contentOf[M, B any](toBody func(M) (B, error)) func(M) (any, error) {
	return func(model M) (any, error) { return toBody(model) }
}

// Kinds of references that a deletion can remove.
const (
	mcpServerReference = "mcp-server"
	toolkitReference   = "toolkit"
	skillReference     = "skill"
	commandReference   = "command"
	groupReference     = "group"
	userReference      = "user"
)

// dropFromAssignment returns an assignment without the users and groups that were deleted.
func dropFromAssignment(m *assignmentModel, detached *service.DetachedReferences) *assignmentModel {
	if m == nil {
		return nil
	}
	return &assignmentModel{
		Everyone: m.Everyone, Groups: detached.Without(groupReference, m.Groups), Users: detached.Without(userReference, m.Users),
	}
}

// valueAt returns the value of an attribute, whatever its type.
func valueAt(ctx context.Context, config tfsdk.Config, at path.Path) (attr.Value, diag.Diagnostics) {
	attribute, diags := config.Schema.AttributeAtPath(ctx, at)
	if diags.HasError() {
		return nil, diags
	}
	value := attribute.GetType().ValueType(ctx)
	diags = config.GetAttribute(ctx, at, &value)
	return value, diags
}

// only returns the identifier of the one resource that a filter has found.
func only[M any](found []M, identifier func(M) string) (string, error) {
	switch len(found) {
	case 0:
		return "", errors.New("there is none")
	case 1:
		return identifier(found[0]), nil
	default:
		return "", fmt.Errorf("there is more than one: %s, %s", identifier(found[0]), identifier(found[1]))
	}
}
