package service

import (
	"context"
	"io"
	"math/rand/v2"
	"net/http"
	"strconv"
	"time"
)

const (
	firstDelay = 500 * time.Millisecond
	maxDelay   = 30 * time.Second
)

// retryTransport repeats requests after 429, 503 and lost connections. It waits as long as Retry-After specifies.
type retryTransport struct {
	next           http.RoundTripper
	attemptTimeout time.Duration
	maxRetries     int
}

func (t *retryTransport) RoundTrip(request *http.Request) (*http.Response, error) {
	for attempt := 0; ; attempt++ {
		response, err := t.attempt(request)
		if attempt >= t.maxRetries || !canRetry(request, response, err) {
			return response, err
		}
		delay := delayBefore(attempt, response)
		if deadline, ok := request.Context().Deadline(); ok && time.Now().Add(delay).After(deadline) {
			return response, err // the response says more than "deadline exceeded"
		}
		if response != nil {
			_, _ = io.Copy(io.Discard, io.LimitReader(response.Body, 64<<10))
			_ = response.Body.Close()
		}
		select {
		case <-time.After(delay):
		case <-request.Context().Done():
			return nil, request.Context().Err()
		}
	}
}

// attempt sends the request once. The time limit covers the body of the response, so it ends when that is closed.
func (t *retryTransport) attempt(request *http.Request) (*http.Response, error) {
	ctx, cancel := context.WithTimeout(request.Context(), t.attemptTimeout)
	copied := request.Clone(ctx)
	if request.GetBody != nil {
		body, err := request.GetBody()
		if err != nil {
			cancel()
			return nil, err
		}
		copied.Body = body
	}
	response, err := t.next.RoundTrip(copied)
	if err != nil {
		cancel()
		return nil, err
	}
	response.Body = &cancelingBody{ReadCloser: response.Body, cancel: cancel}
	return response, nil
}

type cancelingBody struct {
	io.ReadCloser
	cancel context.CancelFunc
}

func (b *cancelingBody) Close() error {
	defer b.cancel()
	return b.ReadCloser.Close()
}

// canRetry returns whether a second execution does no harm. A request with 429 was not executed. One with 503 or without a
// response may have been: If-Match and If-None-Match then turn the second one into 412, which a caller reports.
func canRetry(request *http.Request, response *http.Response, err error) bool {
	if request.Context().Err() != nil || (request.Body != nil && request.Body != http.NoBody && request.GetBody == nil) {
		return false
	}
	if err == nil && response.StatusCode == http.StatusTooManyRequests {
		return true
	}
	if err == nil && response.StatusCode != http.StatusServiceUnavailable {
		return false
	}
	if request.Method == http.MethodPost {
		return request.Header.Get("Idempotency-Key") != ""
	}
	return err == nil || request.Method == http.MethodGet
}

// delayBefore returns the time that the service requests, or an exponential one with jitter.
func delayBefore(attempt int, response *http.Response) time.Duration {
	if response != nil {
		if seconds, err := strconv.Atoi(response.Header.Get("Retry-After")); err == nil && seconds >= 0 {
			return time.Duration(seconds)*time.Second + time.Duration(rand.Int64N(int64(250*time.Millisecond)))
		}
	}
	delay := min(firstDelay<<min(attempt, 10), maxDelay)
	return delay/2 + time.Duration(rand.Int64N(int64(delay/2)))
}
