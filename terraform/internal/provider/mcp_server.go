package provider

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/gatehouse/terraform-provider-gatehouse/internal/api"
	"github.com/gatehouse/terraform-provider-gatehouse/internal/service"
)

type mcpServerModel struct {
	record
	Slug           string               `tfsdk:"slug"`
	Name           string               `tfsdk:"name"`
	Description    *string              `tfsdk:"description"`
	Status         string               `tfsdk:"status"`
	Environment    *string              `tfsdk:"environment"`
	Transport      string               `tfsdk:"transport"`
	URL            *string              `tfsdk:"url"`
	TimeoutSeconds *int                 `tfsdk:"timeout_seconds"`
	Command        *string              `tfsdk:"command"`
	Args           []string             `tfsdk:"args"`
	Auth           *serverAuthModel     `tfsdk:"auth"`
	Tools          map[string]toolModel `tfsdk:"tools"`
	Assignment     *assignmentModel     `tfsdk:"assignment"`
	ForceDestroy   types.Bool           `tfsdk:"force_destroy"`
	Labels         map[string]string    `tfsdk:"labels"`
}

var mcpServerKind = &kind[mcpServerModel]{
	name: "mcp_server", title: "MCP server", key: "slug",
	description: "An MCP server of the catalog, with its tools and the users who can use it.",
	attributes:  mcpServerAttributes,
	parts: func(m *mcpServerModel) parts {
		return parts{base: &m.base, entityTag: m.entityTag(), key: m.Slug, label: m.Name, flags: []*types.Bool{&m.ForceDestroy}}
	},
	lookups:        idLookup,
	validateConfig: validateTransport,
	get: func(ctx context.Context, client *service.Client, identifier string) (mcpServerModel, error) {
		return mapped(fromMcpServer)(service.Read[api.McpServer](client.GetMcpServer(ctx, identifier, &api.GetMcpServerParams{})))
	},
	content: contentOf(toMcpServer),
	dropDetached: func(m *mcpServerModel, detached *service.DetachedReferences) {
		m.Assignment = dropFromAssignment(m.Assignment, detached)
	},
	create: func(ctx context.Context, client *service.Client, planned mcpServerModel) (mcpServerModel, error) {
		return putMcpServer(ctx, client, planned, &api.PutMcpServerParams{IfNoneMatch: service.AnyVersion()})
	},
	update: func(ctx context.Context, client *service.Client, planned, _ mcpServerModel, ifMatch *string) (mcpServerModel, error) {
		return putMcpServer(ctx, client, planned, &api.PutMcpServerParams{IfMatch: ifMatch})
	},
	remove: func(ctx context.Context, client *service.Client, prior mcpServerModel, ifMatch *string) error {
		params := &api.DeleteMcpServerParams{Detach: prior.ForceDestroy.ValueBoolPointer(), IfMatch: ifMatch}
		return client.Detached.AfterRemoval(mcpServerReference, prior.Slug, service.Done(client.DeleteMcpServer(ctx, prior.Slug, params)))
	},
	list: func(ctx context.Context, client *service.Client, page listPage) ([]mcpServerModel, *string, error) {
		return readPage(fromMcpServer)(client.ListMcpServers(ctx, &api.ListMcpServersParams{Limit: &pageSize, Cursor: page.cursor, Label: page.labels}))
	},
}

func putMcpServer(ctx context.Context, client *service.Client, m mcpServerModel, params *api.PutMcpServerParams) (mcpServerModel, error) {
	body, err := toMcpServer(m)
	if err != nil {
		return m, err
	}
	return mapped(fromMcpServer)(service.Read[api.McpServer](client.PutMcpServer(ctx, m.Slug, params, body)))
}

func toMcpServer(m mcpServerModel) (api.McpServerReplacement, error) {
	tools, err := toTools(m.Tools)
	if err != nil {
		return api.McpServerReplacement{}, err
	}
	auth, err := toServerAuth(m.Auth)
	return api.McpServerReplacement{
		Name: m.Name, Description: m.Description, Status: enum[api.McpServerReplacementStatus](&m.Status),
		Environment: m.Environment, Transport: api.McpServerReplacementTransport(m.Transport), Url: m.URL,
		TimeoutSeconds: m.TimeoutSeconds, Command: m.Command, Args: orNil(m.Args), Auth: auth, Tools: &tools,
		Assignment: toAssignment(m.Assignment), Labels: toLabels(m.Labels),
	}, err
}

func fromMcpServer(server api.McpServer) (mcpServerModel, error) {
	auth, err := fromServerAuth(server.Auth)
	m := mcpServerModel{
		record: newRecord(server.Id, server.Version, server.CreatedAt, server.UpdatedAt),
		Slug:   server.Slug, Name: server.Name, Description: server.Description, Status: string(server.Status),
		Environment: server.Environment, Transport: string(server.Transport), URL: server.Url,
		TimeoutSeconds: server.TimeoutSeconds, Command: server.Command, Auth: auth, Tools: fromTools(server.Tools),
		Assignment: fromAssignment(server.Assignment), Labels: server.Labels,
	}
	if server.Args != nil {
		m.Args = *server.Args
	}
	return m, err
}
