package service

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"strconv"
)

// maxResponseBytes is above the largest response of the service.
const maxResponseBytes = 64 << 20

// Read decodes the response of a call of the generated client. Numbers in JSON values keep all digits.
//
// It returns a *Problem if the service responds with an error.
func Read[T any](response *http.Response, err error) (T, error) {
	var value T
	body, err := readBody(response, err)
	if err != nil {
		return value, err
	}
	decoder := json.NewDecoder(bytes.NewReader(body))
	decoder.UseNumber()
	if err := decoder.Decode(&value); err != nil {
		return value, fmt.Errorf("the response cannot be read: %w", err)
	}
	return value, nil
}

// Done checks a response whose content is not needed.
func Done(response *http.Response, err error) error {
	_, err = readBody(response, err)
	return err
}

func readBody(response *http.Response, err error) ([]byte, error) {
	if err != nil {
		return nil, fmt.Errorf("the service cannot be reached: %w", err)
	}
	defer response.Body.Close()
	if response.StatusCode >= http.StatusMultipleChoices {
		return nil, readProblem(response)
	}
	body, err := io.ReadAll(io.LimitReader(response.Body, maxResponseBytes))
	if err != nil {
		return nil, fmt.Errorf("the response cannot be read: %w", err)
	}
	return body, nil
}

// EntityTag returns the ETag of a version.
func EntityTag(version int64) *string {
	tag := strconv.Quote(strconv.FormatInt(version, 10))
	return &tag
}

// AnyVersion is the If-None-Match of a request that only creates.
func AnyVersion() *string {
	any := "*"
	return &any
}

// Overlay returns the body of a PUT that writes these fields, and repeats the others as the service has them: attributes
// that this provider does not manage keep their values. A field that the new content does not have is removed.
func Overlay(current map[string]any, content any, fields ...string) (io.Reader, error) {
	encoded, err := json.Marshal(content)
	if err != nil {
		return nil, err
	}
	var changes map[string]any
	decoder := json.NewDecoder(bytes.NewReader(encoded))
	decoder.UseNumber()
	if err := decoder.Decode(&changes); err != nil {
		return nil, err
	}
	body := maps.Clone(current)
	for _, field := range fields {
		delete(body, field)
		if value, ok := changes[field]; ok {
			body[field] = value
		}
	}
	encoded, err = json.Marshal(body)
	return bytes.NewReader(encoded), err
}
