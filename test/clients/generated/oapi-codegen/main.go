// Command conversation uses the clients that oapi-codegen generates from both documents, and prints what it observed as
// JSON.
package main

import (
	"context"
	"encoding/json"
	"net/http"
	"os"
	"strings"

	"gatehouse.test/generated/organization"
	"gatehouse.test/generated/user"
)

// With its default settings, oapi-codegen omits absent and null fields alike. A merge patch with null is therefore sent
// as JSON, with the method for any body.
const mergePatch = "application/merge-patch+json"

func main() {
	ctx := context.Background()
	slug := os.Getenv("SLUG")
	email := os.Getenv("USER_EMAIL")

	admin, err := organization.NewClientWithResponses(os.Getenv("BASE_URL"),
		organization.WithRequestEditorFn(authorize("ADMIN_TOKEN")))
	check(err)
	auth := organization.ServerAuthInput{}
	header := "X-Key"
	check(auth.FromApiKeyServerAuthInput(organization.ApiKeyServerAuthInput{Header: &header}))
	url, environment, everyone := "https://mcp.example.com", "staging", true
	status := organization.McpServerInputStatusActive
	created, err := admin.CreateMcpServerWithResponse(ctx, nil, organization.McpServerInput{
		Slug:        slug,
		Name:        "Weather",
		Transport:   organization.McpServerInputTransportHttp,
		Url:         &url,
		Environment: &environment,
		Status:      &status,
		Auth:        &auth,
		Assignment:  &organization.AssignmentInput{Everyone: &everyone},
	})
	check(err)
	list, err := admin.ListMcpServersWithResponse(ctx, nil)
	check(err)
	var listed organization.McpServer
	for _, each := range list.JSON200.Data {
		if each.Slug == slug {
			listed = each
		}
	}
	listedAuth, err := listed.Auth.AsApiKeyServerAuth()
	check(err)
	patched, err := admin.PatchMcpServerWithBodyWithResponse(ctx, slug, nil, mergePatch,
		strings.NewReader(`{"environment":null}`))
	check(err)
	problem, err := admin.GetMcpServerWithResponse(ctx, "missing", nil)
	check(err)

	connect, err := user.NewClientWithResponses(os.Getenv("BASE_URL"),
		user.WithRequestEditorFn(authorize("CONNECT_TOKEN")))
	check(err)
	usable, err := connect.ListMcpServersWithResponse(ctx, &user.ListMcpServersParams{XUserEmail: &email})
	check(err)
	isUsable := false
	for _, each := range usable.JSON200.Data {
		isUsable = isUsable || each.Slug == slug
	}
	description := "Draft"
	skill, err := connect.CreateSkillWithResponse(ctx, &user.CreateSkillParams{XUserEmail: &email},
		user.SkillInput{Slug: slug, Name: "Review", Content: "# Review", Description: &description})
	check(err)
	patchedSkill, err := connect.PatchSkillWithBodyWithResponse(ctx, slug, &user.PatchSkillParams{XUserEmail: &email},
		mergePatch, strings.NewReader(`{"description":null}`))
	check(err)
	userProblem, err := connect.GetSkillWithResponse(ctx, "missing", &user.GetSkillParams{XUserEmail: &email})
	check(err)

	check(json.NewEncoder(os.Stdout).Encode(map[string]any{
		"created":        created.StatusCode(),
		"everyone":       listed.Assignment.Everyone,
		"header":         listedAuth.Header,
		"hasEnvironment": patched.JSON200.Environment != nil,
		"problem":        problem.ApplicationproblemJSON404.Type,
		"isUsable":       isUsable,
		"skillCreated":   skill.StatusCode(),
		"hasDescription": patchedSkill.JSON200.Description != nil,
		"userProblem":    userProblem.ApplicationproblemJSON404.Type,
	}))
}

// authorize adds the token that an environment variable holds.
func authorize(variable string) func(context.Context, *http.Request) error {
	return func(_ context.Context, request *http.Request) error {
		request.Header.Set("Authorization", "Bearer "+os.Getenv(variable))
		return nil
	}
}

func check(err error) {
	if err != nil {
		panic(err)
	}
}
