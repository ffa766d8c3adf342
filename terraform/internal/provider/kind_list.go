package provider

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework-validators/listvalidator"
	"github.com/hashicorp/terraform-plugin-framework/list"
	listschema "github.com/hashicorp/terraform-plugin-framework/list/schema"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/gatehouse/terraform-provider-gatehouse/internal/service"
)

// kindList lists the resources of a kind for `terraform query`, which can write their configuration.
type kindList[M any] struct {
	kind   *kind[M]
	client *service.Client
}

func newKindList[M any](k *kind[M]) func() list.ListResource {
	return func() list.ListResource { return &kindList[M]{kind: k} }
}

// Metadata names the type.
func (l *kindList[M]) Metadata(_ context.Context, req resource.MetadataRequest, resp *resource.MetadataResponse) {
	resp.TypeName = l.kind.typeName(req.ProviderTypeName)
}

// ListResourceConfigSchema returns the filter by labels, for kinds that have labels. A list has all resources without it.
func (l *kindList[M]) ListResourceConfigSchema(_ context.Context, _ list.ListResourceSchemaRequest, resp *list.ListResourceSchemaResponse) {
	resp.Schema = listschema.Schema{MarkdownDescription: "Lists every " + l.kind.title + " of the organization."}
	if l.hasLabels() {
		resp.Schema.Attributes = map[string]listschema.Attribute{"labels": listschema.ListAttribute{
			Optional: true, ElementType: types.StringType, Validators: []validator.List{listvalidator.SizeAtMost(10)},
			MarkdownDescription: "Only resources with all of these labels, each as `key:value`, or as `key` for any value. At most 10.",
		}}
	}
}

func (l *kindList[M]) hasLabels() bool {
	_, ok := l.kind.attributes["labels"]
	return ok
}

// Configure receives the client.
func (l *kindList[M]) Configure(_ context.Context, req resource.ConfigureRequest, _ *resource.ConfigureResponse) {
	l.client, _ = req.ProviderData.(*service.Client)
}

// List reads page by page, and stops when Terraform has enough.
func (l *kindList[M]) List(ctx context.Context, req list.ListRequest, stream *list.ListResultsStream) {
	var filter []string
	if l.hasLabels() {
		if diags := req.Config.GetAttribute(ctx, path.Root("labels"), &filter); diags.HasError() {
			stream.Results = list.ListResultsStreamDiagnostics(diags)
			return
		}
	}
	stream.Results = func(push func(list.ListResult) bool) {
		var sent int64
		for next := (listPage{labels: orNil(filter)}); ; {
			page, cursor, err := l.kind.list(ctx, l.client, next)
			if err != nil {
				result := req.NewListResult(ctx)
				result.Diagnostics.AddError("The list cannot be read", describe(err))
				push(result)
				return
			}
			for index := range page {
				if l.kind.isGone != nil && l.kind.isGone(&page[index]) {
					continue
				}
				if req.Limit > 0 && sent >= req.Limit || !push(l.toResult(ctx, req, &page[index])) {
					return
				}
				sent++
			}
			if cursor == nil {
				return
			}
			next.cursor = cursor
		}
	}
}

func (l *kindList[M]) toResult(ctx context.Context, req list.ListRequest, model *M) list.ListResult {
	result := req.NewListResult(ctx)
	shown := l.kind.parts(model)
	result.DisplayName = shown.label
	result.Diagnostics.Append(result.Identity.SetAttribute(ctx, path.Root(l.kind.key), shown.key)...)
	if req.IncludeResource {
		l.kind.setLocalDefaults(ctx, model)
		result.Diagnostics.Append(result.Resource.Set(ctx, model)...)
	}
	return result
}
