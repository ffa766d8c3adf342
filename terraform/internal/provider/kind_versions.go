package provider

import (
	"bytes"
	"context"
	"encoding/json"

	"github.com/gatehouse/terraform-provider-gatehouse/internal/service"
)

// maxVersions is how often a change meets another version of the same content. Deletions of users in the same apply, for
// example, remove them from a group one after the other.
const maxVersions = 100

// updateIfUnchanged changes a resource if it has the version of the plan. If it has another one, what the plan knew decides:
// the change applies to the current version if that has the same content.
//
// The version alone can differ because of this apply: a new member of a group, or an entry of a toolkit that the deletion
// of a server has removed. It can also be the change itself, whose response was lost.
func (r *kindResource[M]) updateIfUnchanged(ctx context.Context, planned, prior M) (M, error) {
	stored, err := r.kind.update(ctx, r.client, planned, prior, r.entityTag(&prior))
	for attempt := 1; service.IsPreconditionFailed(err) && attempt < maxVersions; attempt++ {
		current, readErr := r.readCurrent(ctx, &prior)
		if readErr != nil {
			return stored, readErr
		}
		if r.haveSameContent(current, planned) {
			return current, nil
		}
		if !r.haveSameContent(current, r.withoutDetached(prior)) {
			return stored, err
		}
		stored, err = r.kind.update(ctx, r.client, planned, prior, r.entityTag(&current))
	}
	return stored, err
}

// removeIfUnchanged deletes a resource under the same condition.
func (r *kindResource[M]) removeIfUnchanged(ctx context.Context, prior M) error {
	err := r.kind.remove(ctx, r.client, prior, r.entityTag(&prior))
	for attempt := 1; service.IsPreconditionFailed(err) && attempt < maxVersions; attempt++ {
		current, readErr := r.readCurrent(ctx, &prior)
		if readErr != nil {
			return readErr
		}
		if !r.haveSameContent(current, r.withoutDetached(prior)) {
			return err
		}
		err = r.kind.remove(ctx, r.client, prior, r.entityTag(&current))
	}
	return err
}

// readCurrent reads a resource with what only Terraform knows, such as the rotation of a token.
func (r *kindResource[M]) readCurrent(ctx context.Context, prior *M) (M, error) {
	current, err := r.kind.get(ctx, r.client, r.kind.parts(prior).key)
	if err == nil {
		r.kind.takeLocal(prior, &current)
	}
	return current, err
}

func (r *kindResource[M]) entityTag(model *M) *string {
	return r.kind.parts(model).entityTag
}

func (r *kindResource[M]) withoutDetached(prior M) M {
	if r.kind.dropDetached != nil {
		r.kind.dropDetached(&prior, r.client.Detached)
	}
	return prior
}

// haveSameContent compares what requests would write.
func (r *kindResource[M]) haveSameContent(one, other M) bool {
	first, err := r.encode(one)
	if err != nil {
		return false
	}
	second, err := r.encode(other)
	return err == nil && bytes.Equal(first, second)
}

func (r *kindResource[M]) encode(model M) ([]byte, error) {
	content, err := r.kind.content(model)
	if err != nil {
		return nil, err
	}
	return json.Marshal(content)
}
