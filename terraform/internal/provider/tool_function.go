package provider

import (
	"context"
	"regexp"

	"github.com/hashicorp/terraform-plugin-framework/function"
)

// toolFunction is provider::gatehouse::tool.
type toolFunction struct{}

func newToolFunction() function.Function { return toolFunction{} }

var toolPattern = regexp.MustCompile(`^[A-Za-z0-9_.*?-]{1,128}$`)

// Metadata names the function.
func (toolFunction) Metadata(_ context.Context, _ function.MetadataRequest, resp *function.MetadataResponse) {
	resp.Name = "tool"
}

// Definition describes the parameters.
func (toolFunction) Definition(_ context.Context, _ function.DefinitionRequest, resp *function.DefinitionResponse) {
	resp.Definition = function.Definition{
		Summary:             "The pattern of a tool of a server",
		MarkdownDescription: "Returns `server__tool`, the form in which the `tools` of a policy name a tool of one server. The tool can have `*` and `?`.",
		Parameters: []function.Parameter{
			function.StringParameter{Name: "server", MarkdownDescription: "The slug of an MCP server."},
			function.StringParameter{Name: "tool", MarkdownDescription: "The name of a tool, or a pattern such as `delete_*`."},
		},
		Return: function.StringReturn{},
	}
}

// Run joins the names.
func (toolFunction) Run(ctx context.Context, req function.RunRequest, resp *function.RunResponse) {
	var server, tool string
	if resp.Error = req.Arguments.Get(ctx, &server, &tool); resp.Error != nil {
		return
	}
	switch {
	case !slugPattern.MatchString(server):
		resp.Error = function.NewArgumentFuncError(0, "must be the slug of an MCP server: 1 to 63 lowercase letters, digits and inner hyphens")
	case !toolPattern.MatchString(tool):
		resp.Error = function.NewArgumentFuncError(1, "must be the name of a tool: 1 to 128 letters, digits, dots, hyphens and underscores, and the wildcards * and ?")
	default:
		resp.Error = resp.Result.Set(ctx, server+"__"+tool)
	}
}
