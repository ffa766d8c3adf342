// Package service sends requests of the generated client to a Gatehouse service: with a credential, a time limit and
// retries, and with its errors read.
package service

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/gatehouse/terraform-provider-gatehouse/internal/api"
)

// Options are the settings of a Client.
type Options struct {
	Endpoint  string
	Token     string
	UserAgent string
	// CACertificateFile names a PEM file with authorities that are trusted besides those of the system.
	CACertificateFile string
	// RequestTimeout limits one attempt of a request.
	RequestTimeout time.Duration
	MaxRetries     int
}

// Client is the generated client of one service, and what this process knows about its own changes.
type Client struct {
	*api.Client
	Token string
	// Detached are the resources whose references this process has removed.
	Detached *DetachedReferences
	// Secrets holds the secrets of tokens that this process has created or rotated.
	Secrets *SecretStore
	// Refreshed are the resources that a refresh has read with lists, by the name of their kind.
	Refreshed sync.Map

	written atomic.Bool
}

// New returns a client.
//
// It fails if the endpoint is not an absolute http or https URL, or the certificates cannot be read.
func New(options Options) (*Client, error) {
	endpoint, err := parseEndpoint(options.Endpoint)
	if err != nil {
		return nil, err
	}
	transport := http.DefaultTransport.(*http.Transport).Clone()
	if options.CACertificateFile != "" {
		authorities, err := readAuthorities(options.CACertificateFile)
		if err != nil {
			return nil, err
		}
		transport.TLSClientConfig = &tls.Config{RootCAs: authorities, MinVersion: tls.VersionTLS12}
	}
	client := &Client{Token: options.Token, Detached: newDetachedReferences(), Secrets: newSecretStore()}
	httpClient := &http.Client{
		Transport: &writeObserver{
			written: &client.written,
			next: &retryTransport{
				next: &headerTransport{
					next: transport, token: options.Token, userAgent: options.UserAgent, origin: endpoint,
				},
				attemptTimeout: options.RequestTimeout,
				maxRetries:     options.MaxRetries,
			},
		},
		// A redirect would send the token to an address that is not configured.
		CheckRedirect: func(request *http.Request, _ []*http.Request) error {
			return fmt.Errorf("the service redirects to %s; set the endpoint to the URL of the service itself", request.URL)
		},
	}
	client.Client, err = api.NewClient(endpoint.String(), api.WithHTTPClient(httpClient))
	return client, err
}

// IsPlaintext returns whether requests to the endpoint, with their token, can be read on the network.
func IsPlaintext(endpoint string) bool {
	parsed, err := url.Parse(endpoint)
	if err != nil || parsed.Scheme != "http" {
		return false
	}
	host := parsed.Hostname()
	address := net.ParseIP(host)
	return host != "localhost" && (address == nil || !address.IsLoopback())
}

func parseEndpoint(endpoint string) (*url.URL, error) {
	parsed, err := url.Parse(endpoint)
	if err != nil || (parsed.Scheme != "http" && parsed.Scheme != "https") || parsed.Host == "" {
		return nil, errors.New("must be an absolute http or https URL, such as https://gatehouse.example.com")
	}
	if parsed.User != nil || parsed.RawQuery != "" || parsed.Fragment != "" {
		return nil, errors.New("must have no user, query or fragment; the credential is the token")
	}
	parsed.Path = strings.TrimSuffix(parsed.Path, "/")
	return parsed, nil
}

func readAuthorities(file string) (*x509.CertPool, error) {
	content, err := os.ReadFile(file)
	if err != nil {
		return nil, fmt.Errorf("the CA certificates cannot be read: %w", err)
	}
	authorities, err := x509.SystemCertPool()
	if err != nil {
		authorities = x509.NewCertPool()
	}
	if !authorities.AppendCertsFromPEM(content) {
		return nil, fmt.Errorf("%s contains no PEM certificate", file)
	}
	return authorities, nil
}

// headerTransport adds the credential and the user agent, to requests of the configured origin only.
type headerTransport struct {
	next             http.RoundTripper
	token, userAgent string
	origin           *url.URL
}

func (t *headerTransport) RoundTrip(request *http.Request) (*http.Response, error) {
	if request.URL.Scheme != t.origin.Scheme || request.URL.Host != t.origin.Host {
		return nil, fmt.Errorf("%s is not the configured endpoint", request.URL.Host)
	}
	request = request.Clone(request.Context())
	if request.Header.Get("Authorization") == "" {
		request.Header.Set("Authorization", "Bearer "+t.token)
	}
	request.Header.Set("User-Agent", t.userAgent)
	request.Header.Set("Accept", "application/json, application/problem+json")
	return t.next.RoundTrip(request)
}
