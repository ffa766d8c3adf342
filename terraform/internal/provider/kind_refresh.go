package provider

import (
	"context"
	"sync"
	"time"

	"github.com/gatehouse/terraform-provider-gatehouse/internal/service"
)

const (
	// singleReads is how many resources of a kind are read one by one before a list is read: a page is not worth it for few.
	singleReads = 3
	// maxListAge limits how old a listed resource can be. The refresh of a large catalog takes seconds.
	maxListAge = 30 * time.Second
)

// refreshed are resources of one kind that a refresh has read with a list, page by page, instead of one by one. A client has
// one for each kind, and Terraform configures a client for each plan and each apply, so it lives as long as one of these.
//
// It serves reads before the first write of the client only. A change by others after the list was read is noticed as one
// after a plan: by the version in If-Match.
type refreshed[M any] struct {
	mutex sync.Mutex
	// byKey has the listed resources that no read has returned yet. Each is returned once: a second read is a new one.
	byKey map[string]M
	// cursor is that of the next page. Nil before the first page.
	cursor *string
	// isComplete is whether there is no other page, or none that can be read.
	isComplete bool
	startedAt  time.Time
	// reads, hits and pages count requests of Terraform, those of them that pages have served, and pages.
	reads, hits, pages int
}

// getForRefresh reads a resource, from a page of the list if the refresh reads many of the kind.
func (k *kind[M]) getForRefresh(ctx context.Context, client *service.Client, key string) (M, error) {
	if k.list != nil {
		lists, _ := client.Refreshed.LoadOrStore(k.name, &refreshed[M]{byKey: map[string]M{}})
		if model, ok := lists.(*refreshed[M]).take(ctx, k, client, key); ok {
			return model, nil
		}
	}
	return k.get(ctx, client, key)
}

// take returns a listed resource. It reads another page if that is likely to spare requests.
func (r *refreshed[M]) take(ctx context.Context, k *kind[M], client *service.Client, key string) (M, bool) {
	r.mutex.Lock()
	defer r.mutex.Unlock()
	r.reads++
	if r.pages > 0 && time.Since(r.startedAt) > maxListAge {
		clear(r.byKey)
		r.cursor, r.isComplete, r.hits, r.pages = nil, false, 0, 0
	}
	model, ok := r.byKey[key]
	if !ok && r.isWorthAnotherPage() && !client.HasWritten() {
		r.readPage(ctx, k, client)
		model, ok = r.byKey[key]
	}
	if !ok || client.HasWritten() {
		return model, false
	}
	r.hits++
	delete(r.byKey, key)
	return model, true
}

// isWorthAnotherPage returns whether pages have served reads so far. It is false for a few resources among very many.
func (r *refreshed[M]) isWorthAnotherPage() bool {
	return r.reads > singleReads && !r.isComplete && r.hits >= r.pages
}

// readPage reads the next page. After an error, the remaining resources are read one by one, which reports it.
func (r *refreshed[M]) readPage(ctx context.Context, k *kind[M], client *service.Client) {
	if r.pages == 0 {
		r.startedAt = time.Now()
	}
	page, next, err := k.list(ctx, client, listPage{cursor: r.cursor})
	r.pages++
	r.cursor, r.isComplete = next, err != nil || next == nil
	for _, model := range page {
		r.byKey[k.parts(&model).key] = model
	}
}
