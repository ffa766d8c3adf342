package provider

import (
	"bytes"
	"encoding/json"
	"errors"
	"slices"
	"time"

	"github.com/hashicorp/terraform-plugin-framework-jsontypes/jsontypes"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/gatehouse/terraform-provider-gatehouse/internal/api"
)

// pointerTo returns the address of a value, for the optional fields of requests.
func pointerTo[T any](value T) *T {
	return &value
}

// enum converts an optional string to the type that the client has for it, or back.
func enum[To, From ~string](value *From) *To {
	if value == nil {
		return nil
	}
	return pointerTo(To(*value))
}

// enums converts strings to the type that the client has for them, or back. It never returns nil.
func enums[To, From ~string](values []From) []To {
	converted := make([]To, 0, len(values))
	for _, value := range values {
		converted = append(converted, To(value))
	}
	return converted
}

// valueOr returns an optional value, or another one if it is absent.
func valueOr[T any](value *T, absent T) T {
	if value == nil {
		return absent
	}
	return *value
}

// orNil returns a list for an optional field of a request: absent if the configuration has none.
func orNil[T any](values []T) *[]T {
	if values == nil {
		return nil
	}
	return &values
}

// asSet returns the elements of a set in the order in which requests contain them. A set that is null is empty.
func asSet(values []string) *[]string {
	sorted := append([]string{}, values...)
	slices.Sort(sorted)
	return &sorted
}

// toTime returns how a point in time is shown.
func toTime(value time.Time) types.String {
	return types.StringValue(value.UTC().Format("2006-01-02T15:04:05.000Z07:00"))
}

// newRecord returns the attributes of every resource.
func newRecord(id string, version int, createdAt, updatedAt time.Time) record {
	return record{
		base: base{ID: types.StringValue(id)}, Version: types.Int64Value(int64(version)),
		CreatedAt: toTime(createdAt), UpdatedAt: toTime(updatedAt),
	}
}

// toJSONObject reads an optional JSON object of the configuration. Numbers keep all digits.
func toJSONObject(value jsontypes.Normalized) (*map[string]any, error) {
	if value.IsNull() {
		return nil, nil
	}
	decoder := json.NewDecoder(bytes.NewReader([]byte(value.ValueString())))
	decoder.UseNumber()
	var object map[string]any
	if err := decoder.Decode(&object); err != nil || object == nil {
		return nil, errors.New("must be a JSON object; use jsonencode({ ... })")
	}
	return &object, nil
}

// fromJSONObject returns a JSON object as the configuration has it.
func fromJSONObject(object *map[string]any) jsontypes.Normalized {
	if object == nil {
		return jsontypes.NewNormalizedNull()
	}
	encoded, err := json.Marshal(*object)
	if err != nil {
		return jsontypes.NewNormalizedNull() // not reachable: the object was read from JSON
	}
	return jsontypes.NewNormalizedValue(string(encoded))
}

func toAssignment(model *assignmentModel) *api.AssignmentInput {
	if model == nil {
		return nil
	}
	return &api.AssignmentInput{Everyone: &model.Everyone, Groups: asSet(model.Groups), Users: asSet(model.Users)}
}

func fromAssignment(assignment api.Assignment) *assignmentModel {
	return &assignmentModel{
		Everyone: assignment.Everyone, Groups: enums[string](assignment.Groups), Users: enums[string](assignment.Users),
	}
}

func toLabels(labels map[string]string) *api.Labels {
	return pointerTo(api.Labels(labels))
}

// changedLabels returns what a merge patch writes to the labels: null removes one.
func changedLabels(planned, prior map[string]string) map[string]*string {
	changes := map[string]*string{}
	for key := range prior {
		changes[key] = nil
	}
	for key, value := range planned {
		changes[key] = &value
	}
	return changes
}
