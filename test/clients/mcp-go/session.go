// Lists, calls, gets a prompt and reads a resource, calls up to the rate limit and lists again, and calls once more after
// the token is revoked. Prints JSON.
package main

import (
	"context"
	"encoding/json"
	"net/http"
	"os"

	markclient "github.com/mark3labs/mcp-go/client"
	"github.com/mark3labs/mcp-go/client/transport"
	mark "github.com/mark3labs/mcp-go/mcp"
	"github.com/modelcontextprotocol/go-sdk/mcp"
)

// session is what the test uses of both packages.
type session interface {
	tools() ([]string, error)
	call(name string, arguments map[string]any) (isError bool, structured any, text string, err error)
	prompt(name string, arguments map[string]string) (string, error)
	resources() ([]string, error)
	read(uri string) (int, error)
}

type report struct {
	Tools           []string `json:"tools"`
	Sum             any      `json:"sum"`
	Prompt          string   `json:"prompt"`
	Resources       []string `json:"resources"`
	Read            int      `json:"read"`
	OverLimit       string   `json:"overLimit"`
	ToolsOverLimit  int      `json:"toolsOverLimit"`
	AfterRevocation string   `json:"afterRevocation"`
}

var ctx = context.Background()

func main() {
	connect := map[string]func(url, authorization string) session{"go-sdk": connectSdk, "mcp-go": connectMark}[os.Getenv("CLIENT")]
	current := connect(os.Getenv("MCP_URL"), "Bearer "+os.Getenv("TOKEN"))
	var seen report
	var err error
	seen.Tools, err = current.tools()
	check(err)
	_, seen.Sum, _, err = current.call("files__sum", map[string]any{"a": 1, "b": 2})
	check(err)
	seen.Prompt, err = current.prompt("greet", map[string]string{"who": "Ada"})
	check(err)
	seen.Resources, err = current.resources()
	check(err)
	seen.Read, err = current.read(seen.Resources[0])
	check(err)
	for isError := false; !isError; {
		isError, _, seen.OverLimit, err = current.call("files__sum", map[string]any{"a": 1, "b": 2})
		check(err)
	}
	tools, err := current.tools()
	check(err)
	seen.ToolsOverLimit = len(tools)
	revoke()
	seen.AfterRevocation = "accepted"
	if _, err := current.tools(); err != nil {
		seen.AfterRevocation = err.Error()
	}
	check(json.NewEncoder(os.Stdout).Encode(seen))
}

func revoke() {
	request, err := http.NewRequest(http.MethodDelete, os.Getenv("REVOKE_URL"), nil)
	check(err)
	request.Header.Set("Authorization", "Bearer "+os.Getenv("ADMIN_TOKEN"))
	response, err := http.DefaultClient.Do(request)
	check(err)
	check(response.Body.Close())
}

func check(err error) {
	if err != nil {
		panic(err)
	}
}

// The package github.com/modelcontextprotocol/go-sdk.
type sdkSession struct{ *mcp.ClientSession }

type withAuthorization string

func (authorization withAuthorization) RoundTrip(request *http.Request) (*http.Response, error) {
	sent := request.Clone(request.Context())
	sent.Header.Set("Authorization", string(authorization))
	return http.DefaultTransport.RoundTrip(sent)
}

func connectSdk(url, authorization string) session {
	client := mcp.NewClient(&mcp.Implementation{Name: "test", Version: "1.0.0"}, nil)
	httpClient := &http.Client{Transport: withAuthorization(authorization)}
	connected, err := client.Connect(ctx, &mcp.StreamableClientTransport{Endpoint: url, HTTPClient: httpClient}, nil)
	check(err)
	return sdkSession{connected}
}

func (current sdkSession) tools() (names []string, err error) {
	for tool, err := range current.Tools(ctx, nil) {
		if err != nil {
			return nil, err
		}
		names = append(names, tool.Name)
	}
	return names, nil
}

func (current sdkSession) call(name string, arguments map[string]any) (bool, any, string, error) {
	result, err := current.CallTool(ctx, &mcp.CallToolParams{Name: name, Arguments: arguments})
	if err != nil {
		return false, nil, "", err
	}
	return result.IsError, result.StructuredContent, result.Content[0].(*mcp.TextContent).Text, nil
}

func (current sdkSession) prompt(name string, arguments map[string]string) (string, error) {
	result, err := current.GetPrompt(ctx, &mcp.GetPromptParams{Name: name, Arguments: arguments})
	if err != nil {
		return "", err
	}
	return result.Messages[0].Content.(*mcp.TextContent).Text, nil
}

func (current sdkSession) resources() (uris []string, err error) {
	for resource, err := range current.Resources(ctx, nil) {
		if err != nil {
			return nil, err
		}
		uris = append(uris, resource.URI)
	}
	return uris, nil
}

func (current sdkSession) read(uri string) (int, error) {
	result, err := current.ReadResource(ctx, &mcp.ReadResourceParams{URI: uri})
	if err != nil {
		return 0, err
	}
	return len(result.Contents), nil
}

// The package github.com/mark3labs/mcp-go.
type markSession struct{ *markclient.Client }

func connectMark(url, authorization string) session {
	headers := transport.WithHTTPHeaders(map[string]string{"Authorization": authorization})
	connected, err := markclient.NewStreamableHttpClient(url, headers)
	check(err)
	check(connected.Start(ctx))
	var request mark.InitializeRequest
	request.Params.ProtocolVersion = mark.LATEST_PROTOCOL_VERSION
	request.Params.ClientInfo = mark.Implementation{Name: "test", Version: "1.0.0"}
	_, err = connected.Initialize(ctx, request)
	check(err)
	return markSession{connected}
}

func (current markSession) tools() (names []string, err error) {
	result, err := current.ListTools(ctx, mark.ListToolsRequest{})
	if err != nil {
		return nil, err
	}
	for _, tool := range result.Tools {
		names = append(names, tool.Name)
	}
	return names, nil
}

func (current markSession) call(name string, arguments map[string]any) (bool, any, string, error) {
	var request mark.CallToolRequest
	request.Params.Name, request.Params.Arguments = name, arguments
	result, err := current.CallTool(ctx, request)
	if err != nil {
		return false, nil, "", err
	}
	return result.IsError, result.StructuredContent, result.Content[0].(mark.TextContent).Text, nil
}

func (current markSession) prompt(name string, arguments map[string]string) (string, error) {
	var request mark.GetPromptRequest
	request.Params.Name, request.Params.Arguments = name, arguments
	result, err := current.GetPrompt(ctx, request)
	if err != nil {
		return "", err
	}
	return result.Messages[0].Content.(mark.TextContent).Text, nil
}

func (current markSession) resources() (uris []string, err error) {
	result, err := current.ListResources(ctx, mark.ListResourcesRequest{})
	if err != nil {
		return nil, err
	}
	for _, resource := range result.Resources {
		uris = append(uris, resource.URI)
	}
	return uris, nil
}

func (current markSession) read(uri string) (int, error) {
	var request mark.ReadResourceRequest
	request.Params.URI = uri
	result, err := current.ReadResource(ctx, request)
	if err != nil {
		return 0, err
	}
	return len(result.Contents), nil
}
