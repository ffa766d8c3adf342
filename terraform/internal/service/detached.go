package service

import "sync"

// DetachedReferences are the resources that this process has deleted with their references. The plan of the same apply
// does not know yet that the references are gone.
type DetachedReferences struct {
	mutex   sync.Mutex
	deleted map[reference]bool
}

type reference struct {
	kind, key string
}

func newDetachedReferences() *DetachedReferences {
	return &DetachedReferences{deleted: map[reference]bool{}}
}

// Add records a deletion by the keys that references to the resource can have: a slug or an id.
func (d *DetachedReferences) Add(kind, key string) {
	d.mutex.Lock()
	defer d.mutex.Unlock()
	d.deleted[reference{kind, key}] = true
}

// Contains returns whether references to a resource have been removed.
func (d *DetachedReferences) Contains(kind, key string) bool {
	d.mutex.Lock()
	defer d.mutex.Unlock()
	return d.deleted[reference{kind, key}]
}

// Without returns the keys whose references are not removed.
func (d *DetachedReferences) Without(kind string, keys []string) []string {
	kept := make([]string, 0, len(keys))
	for _, key := range keys {
		if !d.Contains(kind, key) {
			kept = append(kept, key)
		}
	}
	return kept
}

// AfterRemoval records a deletion that has succeeded, and returns its error.
func (d *DetachedReferences) AfterRemoval(kind, key string, err error) error {
	if err == nil {
		d.Add(kind, key)
	}
	return err
}
