package provider

import (
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"
)

// requestCounter is a proxy before the service, which counts requests by method. Those of a list are counted apart.
type requestCounter struct {
	endpoint string
	mutex    sync.Mutex
	counts   map[string]int
}

func countRequests(t *testing.T, endpoint string, latency time.Duration) *requestCounter {
	t.Helper()
	target, err := url.Parse(endpoint)
	if err != nil {
		t.Fatal(err)
	}
	counter := &requestCounter{counts: map[string]int{}}
	proxy := httputil.NewSingleHostReverseProxy(target)
	server := httptest.NewServer(http.HandlerFunc(func(writer http.ResponseWriter, request *http.Request) {
		name := request.Method
		if strings.Count(request.URL.Path, "/") == 2 { // such as /api/skills
			name += " of a list"
		}
		counter.mutex.Lock()
		counter.counts[name]++
		counter.mutex.Unlock()
		time.Sleep(latency)
		proxy.ServeHTTP(writer, request)
	}))
	t.Cleanup(server.Close)
	counter.endpoint = server.URL
	return counter
}

// reset returns the counts since the last reset.
func (c *requestCounter) reset() map[string]int {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	counts := c.counts
	c.counts = map[string]int{}
	return counts
}
