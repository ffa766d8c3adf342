// Command conversation uses the clients that openapi-generator (go) generates from both documents, and prints what it
// observed as JSON.
package main

import (
	"context"
	"encoding/json"
	"os"

	organization "gatehouse.test/generated/organization"
	user "gatehouse.test/generated/user"
)

func main() {
	ctx := context.Background()
	slug := os.Getenv("SLUG")
	email := os.Getenv("USER_EMAIL")

	settings := organization.NewConfiguration()
	settings.Servers = organization.ServerConfigurations{{URL: os.Getenv("BASE_URL")}}
	settings.AddDefaultHeader("Authorization", "Bearer "+os.Getenv("ADMIN_TOKEN"))
	servers := organization.NewAPIClient(settings).MCPServersAPI

	input := organization.NewMcpServerInput(slug, "Weather", "http")
	input.SetUrl("https://mcp.example.com")
	input.SetEnvironment("staging")
	input.SetStatus("active")
	auth := organization.NewApiKeyServerAuthInput("apiKey")
	auth.SetHeader("X-Key")
	input.SetAuth(organization.ApiKeyServerAuthInputAsServerAuthInput(auth))
	assignment := organization.NewAssignmentInput()
	assignment.SetEveryone(true)
	input.SetAssignment(*assignment)
	_, created, err := servers.CreateMcpServer(ctx).McpServerInput(*input).Execute()
	check(err)
	list, _, err := servers.ListMcpServers(ctx).Execute()
	check(err)
	var listed organization.McpServer
	for _, each := range list.Data {
		if each.Slug == slug {
			listed = each
		}
	}
	patch := organization.NewMcpServerPatch()
	patch.SetEnvironmentNil()
	patched, _, err := servers.PatchMcpServer(ctx, slug).McpServerPatch(*patch).Execute()
	check(err)
	_, _, err = servers.GetMcpServer(ctx, "missing").Execute()
	problem := err.(*organization.GenericOpenAPIError).Model().(organization.Problem)

	userSettings := user.NewConfiguration()
	userSettings.Servers = user.ServerConfigurations{{URL: os.Getenv("BASE_URL")}}
	userSettings.AddDefaultHeader("Authorization", "Bearer "+os.Getenv("CONNECT_TOKEN"))
	userClient := user.NewAPIClient(userSettings)
	usable, _, err := userClient.MCPServersAPI.ListMcpServers(ctx).XUserEmail(email).Execute()
	check(err)
	isUsable := false
	for _, each := range usable.Data {
		isUsable = isUsable || each.Slug == slug
	}
	skills := userClient.SkillsAPI
	skillInput := user.NewSkillInput(slug, "Review", "# Review")
	skillInput.SetDescription("Draft")
	_, skill, err := skills.CreateSkill(ctx).SkillInput(*skillInput).XUserEmail(email).Execute()
	check(err)
	skillPatch := user.NewSkillPatch()
	skillPatch.SetDescriptionNil()
	patchedSkill, _, err := skills.PatchSkill(ctx, slug).SkillPatch(*skillPatch).XUserEmail(email).Execute()
	check(err)
	_, _, err = skills.GetSkill(ctx, "missing").XUserEmail(email).Execute()
	userProblem := err.(*user.GenericOpenAPIError).Model().(user.Problem)

	check(json.NewEncoder(os.Stdout).Encode(map[string]any{
		"created":        created.StatusCode,
		"everyone":       listed.Assignment.Everyone,
		"header":         listed.Auth.ApiKeyServerAuth.Header,
		"hasEnvironment": patched.HasEnvironment(),
		"problem":        problem.Type,
		"isUsable":       isUsable,
		"skillCreated":   skill.StatusCode,
		"hasDescription": patchedSkill.HasDescription(),
		"userProblem":    userProblem.Type,
	}))
}

func check(err error) {
	if err != nil {
		panic(err)
	}
}
