package provider

import (
	"context"
	"slices"
	"strconv"
	"strings"
	"unicode"

	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/tfsdk"
	"github.com/hashicorp/terraform-plugin-framework/types"
)

// resolvePointer returns the attribute that a JSON pointer into a request names, as deep as it can be followed. An array
// of the request that is a map in Terraform was sent in the order of the keys.
func resolvePointer(ctx context.Context, attributes map[string]schema.Attribute, plan tfsdk.Plan, pointer string) path.Path {
	at := path.Empty()
	tokens := strings.Split(strings.TrimPrefix(pointer, "/"), "/")
	for len(tokens) > 0 {
		name := toSnakeCase(unescapeToken(tokens[0]))
		tokens = tokens[1:]
		attribute, found := attributes[name]
		if !found {
			var variant string
			if variant, attribute = findInVariants(ctx, attributes, plan, at, name); attribute == nil {
				return at
			}
			at = at.AtName(variant)
		}
		at = at.AtName(name)
		switch nested := attribute.(type) {
		case schema.SingleNestedAttribute:
			attributes = nested.Attributes
		case schema.MapNestedAttribute:
			key, ok := keyAt(ctx, plan, at, tokens)
			if !ok {
				return at
			}
			at, attributes, tokens = at.AtMapKey(key), nested.NestedObject.Attributes, tokens[1:]
		case schema.ListNestedAttribute:
			index, ok := indexIn(tokens)
			if !ok {
				return at
			}
			at, attributes, tokens = at.AtListIndex(index), nested.NestedObject.Attributes, tokens[1:]
		default:
			return at
		}
	}
	return at
}

// findInVariants looks for an attribute in the variant of a union that the plan has, such as oauth2 in auth.
func findInVariants(ctx context.Context, attributes map[string]schema.Attribute, plan tfsdk.Plan, at path.Path, name string) (string, schema.Attribute) {
	for variant, attribute := range attributes {
		nested, ok := attribute.(schema.SingleNestedAttribute)
		if !ok || nested.Attributes[name] == nil {
			continue
		}
		var value types.Object
		if diags := plan.GetAttribute(ctx, at.AtName(variant), &value); !diags.HasError() && !value.IsNull() {
			return variant, nested.Attributes[name]
		}
	}
	return "", nil
}

func keyAt(ctx context.Context, plan tfsdk.Plan, at path.Path, tokens []string) (string, bool) {
	index, ok := indexIn(tokens)
	var value types.Map
	if diags := plan.GetAttribute(ctx, at, &value); !ok || diags.HasError() {
		return "", false
	}
	keys := sortedKeys(value.Elements())
	if index >= len(keys) {
		return "", false
	}
	return keys[index], true
}

func indexIn(tokens []string) (int, bool) {
	if len(tokens) == 0 {
		return 0, false
	}
	index, err := strconv.Atoi(tokens[0])
	return index, err == nil && index >= 0
}

// sortedKeys is the order in which a map is sent as an array.
func sortedKeys[V any](values map[string]V) []string {
	keys := make([]string, 0, len(values))
	for key := range values {
		keys = append(keys, key)
	}
	slices.Sort(keys)
	return keys
}

func unescapeToken(token string) string {
	return strings.NewReplacer("~1", "/", "~0", "~").Replace(token)
}

func toSnakeCase(name string) string {
	var snake strings.Builder
	for _, character := range name {
		if unicode.IsUpper(character) {
			snake.WriteByte('_')
		}
		snake.WriteRune(unicode.ToLower(character))
	}
	return snake.String()
}
