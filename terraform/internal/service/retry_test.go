package service

import (
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/gatehouse/terraform-provider-gatehouse/internal/api"
)

// respondWith starts a server that sends one response after the other, and counts the requests.
func respondWith(t *testing.T, responses ...func(http.ResponseWriter)) (*Client, *atomic.Int32) {
	t.Helper()
	var count atomic.Int32
	server := httptest.NewServer(http.HandlerFunc(func(writer http.ResponseWriter, request *http.Request) {
		index := min(int(count.Add(1)), len(responses)) - 1
		if agent := request.Header.Get("User-Agent"); agent != "agent/1" {
			t.Errorf("the user agent is %q", agent)
		}
		responses[index](writer)
	}))
	t.Cleanup(server.Close)
	client, err := New(Options{
		Endpoint: server.URL, Token: "secret-of-the-test", UserAgent: "agent/1", RequestTimeout: 5 * time.Second, MaxRetries: 3,
	})
	if err != nil {
		t.Fatal(err)
	}
	return client, &count
}

func status(code int, body string) func(http.ResponseWriter) {
	return func(writer http.ResponseWriter) {
		writer.Header().Set("Retry-After", "0")
		writer.WriteHeader(code)
		_, _ = writer.Write([]byte(body))
	}
}

const group = `{"id":"grp_1","displayName":"G","version":1,"createdAt":"2026-01-01T00:00:00Z","updatedAt":"2026-01-01T00:00:00Z"}`

func TestRetries(t *testing.T) {
	ctx := context.Background()
	t.Run("a request that the service postpones is repeated with its body", func(t *testing.T) {
		client, count := respondWith(t, status(429, "{}"), status(503, "{}"), status(200, group))
		read, err := Read[api.Group](client.PutGroup(ctx, "grp_1", &api.PutGroupParams{}, api.PutGroupJSONRequestBody{}))
		if err != nil || read.Id != "grp_1" || count.Load() != 3 {
			t.Errorf("%v after %d requests: %v", read.Id, count.Load(), err)
		}
	})
	t.Run("it waits as long as Retry-After states", func(t *testing.T) {
		wait := func(writer http.ResponseWriter) {
			writer.Header().Set("Retry-After", "1")
			writer.WriteHeader(429)
		}
		client, _ := respondWith(t, wait, status(200, group))
		begin := time.Now()
		if _, err := Read[api.Group](client.GetGroup(ctx, "grp_1", nil)); err != nil {
			t.Fatal(err)
		}
		if passed := time.Since(begin); passed < time.Second {
			t.Errorf("it waited %s", passed)
		}
	})
	t.Run("a creation that may have been executed is repeated only with an Idempotency-Key", func(t *testing.T) {
		client, count := respondWith(t, status(503, `{"detail":"The database does not respond."}`), status(201, group))
		_, err := Read[api.Group](client.CreateGroup(ctx, &api.CreateGroupParams{}, api.GroupInput{DisplayName: "G"}))
		if err == nil || !strings.Contains(err.Error(), "database does not respond") || count.Load() != 1 {
			t.Errorf("%d requests: %v", count.Load(), err)
		}
	})
	t.Run("it ends with the response of the service when the time limit does not allow another attempt", func(t *testing.T) {
		wait := func(writer http.ResponseWriter) {
			writer.Header().Set("Retry-After", "3600")
			writer.WriteHeader(429)
			_, _ = writer.Write([]byte(`{"detail":"Too many requests."}`))
		}
		client, _ := respondWith(t, wait)
		limited, cancel := context.WithTimeout(ctx, time.Minute)
		defer cancel()
		_, err := Read[api.Group](client.GetGroup(limited, "grp_1", nil))
		if err == nil || !strings.Contains(err.Error(), "Too many requests") {
			t.Errorf("the error is %v", err)
		}
	})
	t.Run("an error shows neither the token nor an HTML page", func(t *testing.T) {
		client, _ := respondWith(t, status(502, "<html>Bad gateway of the proxy</html>"))
		_, err := Read[api.Group](client.GetGroup(ctx, "grp_1", nil))
		if err == nil || strings.Contains(err.Error(), "secret-of-the-test") || strings.Contains(err.Error(), "<html>") {
			t.Errorf("the error is %v", err)
		}
	})
}

func TestEndpoint(t *testing.T) {
	t.Run("a redirect does not get the token", func(t *testing.T) {
		var got atomic.Bool
		other := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { got.Store(true) }))
		defer other.Close()
		client, _ := respondWith(t, func(writer http.ResponseWriter) {
			writer.Header().Set("Location", other.URL)
			writer.WriteHeader(307)
		})
		if _, err := Read[api.Group](client.GetGroup(context.Background(), "grp_1", nil)); err == nil || got.Load() {
			t.Errorf("the redirect was followed: %v", err)
		}
	})
	for _, endpoint := range []string{"", "gatehouse.example.com", "ftp://x.example", "https://user:pass@x.example", "https://x.example/?a=b"} {
		t.Run("rejects "+endpoint, func(t *testing.T) {
			if _, err := New(Options{Endpoint: endpoint}); err == nil {
				t.Error("it is accepted")
			}
		})
	}
	t.Run("a path before /api is kept", func(t *testing.T) {
		client, err := New(Options{Endpoint: "https://x.example/gatehouse/"})
		if err != nil {
			t.Fatal(err)
		}
		if client.Server != "https://x.example/gatehouse/" {
			t.Errorf("the server is %s", client.Server)
		}
	})
}
