package service

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"

	"github.com/gatehouse/terraform-provider-gatehouse/internal/api"
)

const maxProblemBytes = 1 << 20

// Problem is an error response of the service (RFC 9457).
type Problem struct {
	api.Problem
	// HTTPStatus is that of the response, also if its body is not a problem document.
	HTTPStatus int
}

func (p *Problem) Error() string {
	message := p.Detail
	if message == "" {
		message = http.StatusText(p.HTTPStatus)
	}
	if p.Instance != nil {
		message += fmt.Sprintf(" (HTTP %d, %s)", p.HTTPStatus, strings.TrimPrefix(*p.Instance, "urn:gatehouse:request:"))
	} else {
		message += fmt.Sprintf(" (HTTP %d)", p.HTTPStatus)
	}
	return message
}

// Code is the stable error code, such as "referenced".
func (p *Problem) Code() string {
	return strings.TrimPrefix(p.Type, "urn:gatehouse:problem:")
}

// IsNotFound returns whether the resource of a request does not exist.
func IsNotFound(err error) bool {
	return hasStatus(err, http.StatusNotFound)
}

// IsPreconditionFailed returns whether If-Match or If-None-Match did not hold.
func IsPreconditionFailed(err error) bool {
	return hasStatus(err, http.StatusPreconditionFailed)
}

// BlockersOf returns the resources that prevent a deletion.
func BlockersOf(err error) []Blocker {
	var problem *Problem
	if !errors.As(err, &problem) || problem.Blockers == nil {
		return nil
	}
	blockers := make([]Blocker, 0, len(*problem.Blockers))
	for _, each := range *problem.Blockers {
		blocker := Blocker{Type: each.Type, ID: each.Id, Name: each.Name}
		if each.Slug != nil {
			blocker.Slug = *each.Slug
		}
		blockers = append(blockers, blocker)
	}
	return blockers
}

// Blocker is a resource that references another one.
type Blocker struct {
	Type, ID, Slug, Name string
}

func hasStatus(err error, status int) bool {
	var problem *Problem
	return errors.As(err, &problem) && problem.HTTPStatus == status
}

func readProblem(response *http.Response) error {
	problem := &Problem{HTTPStatus: response.StatusCode}
	body, err := io.ReadAll(io.LimitReader(response.Body, maxProblemBytes))
	if err != nil {
		return fmt.Errorf("the response with HTTP %d cannot be read: %w", response.StatusCode, err)
	}
	var oauth api.OAuthError
	switch {
	case json.Unmarshal(body, &problem.Problem) == nil && problem.Detail != "":
	case json.Unmarshal(body, &oauth) == nil && oauth.ErrorDescription != "":
		problem.Detail = oauth.ErrorDescription
	default:
		problem.Detail = "The response is not one of Gatehouse. Check the endpoint, and proxies before it"
	}
	return problem
}
