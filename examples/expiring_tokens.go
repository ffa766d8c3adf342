//go:build ignore

// Command expiring_tokens prints the active tokens that expire soon, the next one first.
//
//	GATEHOUSE_TOKEN=wxt_... go run expiring_tokens.go -days 14
//
// GATEHOUSE_URL is the URL of the service; the default is http://127.0.0.1:8080. The token needs the scope admin:tokens,
// which all includes. The exit code is 2 if a token expires within the days, so that a scheduled job can alert.
package main

import (
	"encoding/json"
	"flag"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"sort"
	"strings"
	"time"
)

type token struct {
	ID        string     `json:"id"`
	Name      string     `json:"name"`
	Prefix    string     `json:"prefix"`
	Status    string     `json:"status"`
	ExpiresAt *time.Time `json:"expiresAt"`
}

type tokenPage struct {
	Data       []token `json:"data"`
	Pagination struct {
		NextCursor *string `json:"nextCursor"`
	} `json:"pagination"`
}

type problem struct {
	Status int    `json:"status"`
	Detail string `json:"detail"`
}

func main() {
	days := flag.Int("days", 14, "report tokens that expire within this many days")
	flag.Parse()
	tokens, err := listExpiring(time.Now().AddDate(0, 0, *days))
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	sort.Slice(tokens, func(i, j int) bool { return tokens[i].ExpiresAt.Before(*tokens[j].ExpiresAt) })
	for _, each := range tokens {
		fmt.Printf("%s  %s  %s  %s\n", each.ExpiresAt.Format(time.RFC3339), each.ID, each.Prefix, each.Name)
	}
	if len(tokens) > 0 {
		os.Exit(2)
	}
}

// listExpiring reads all pages of the tokens that expire before a time.
func listExpiring(before time.Time) ([]token, error) {
	base := os.Getenv("GATEHOUSE_URL")
	if base == "" {
		base = "http://127.0.0.1:8080"
	}
	query := url.Values{"limit": {"100"}, "status": {"active"}, "expiresBefore": {before.UTC().Format(time.RFC3339)}}
	var tokens []token
	for {
		page, err := readPage(strings.TrimRight(base, "/") + "/api/tokens?" + query.Encode())
		if err != nil {
			return nil, err
		}
		tokens = append(tokens, page.Data...)
		if page.Pagination.NextCursor == nil {
			return tokens, nil
		}
		query.Set("cursor", *page.Pagination.NextCursor)
	}
}

func readPage(address string) (*tokenPage, error) {
	request, err := http.NewRequest(http.MethodGet, address, nil)
	if err != nil {
		return nil, err
	}
	request.Header.Set("Authorization", "Bearer "+os.Getenv("GATEHOUSE_TOKEN"))
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		var failure problem
		if err := json.NewDecoder(response.Body).Decode(&failure); err != nil {
			return nil, fmt.Errorf("%s: %w", response.Status, err)
		}
		return nil, fmt.Errorf("%d: %s", failure.Status, failure.Detail)
	}
	page := new(tokenPage)
	return page, json.NewDecoder(response.Body).Decode(page)
}
