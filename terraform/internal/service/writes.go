package service

import (
	"net/http"
	"strings"
	"sync/atomic"
)

// writeObserver notes whether a request has been sent that can change a resource.
type writeObserver struct {
	next    http.RoundTripper
	written *atomic.Bool
}

func (o *writeObserver) RoundTrip(request *http.Request) (*http.Response, error) {
	// An access token is issued in every plan that has an ephemeral one. It changes no resource.
	if request.Method != http.MethodGet && !strings.HasSuffix(request.URL.Path, "/oauth/token") {
		o.written.Store(true)
	}
	return o.next.RoundTrip(request)
}

// HasWritten returns whether this client has begun to change resources.
func (c *Client) HasWritten() bool {
	return c.written.Load()
}
