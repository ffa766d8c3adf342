package provider

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-framework/providerserver"
	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-go/tftypes"
)

// protocolServer is the provider without Terraform: its requests are those of the plugin protocol.
func protocolServer(t *testing.T) tfprotov6.ProviderServer {
	t.Helper()
	return providerserver.NewProtocol6(New("test")())()
}

// configuredServer is connected to the service that all tests share.
func configuredServer(t *testing.T) tfprotov6.ProviderServer {
	t.Helper()
	return configuredServerFor(t, startedService(t))
}

func configuredServerFor(t *testing.T, target *testService) tfprotov6.ProviderServer {
	t.Helper()
	server := protocolServer(t)
	configType := schemasOf(t, server).Provider.ValueType().(tftypes.Object)
	response, err := server.ConfigureProvider(context.Background(), &tfprotov6.ConfigureProviderRequest{
		TerraformVersion: "1.14.0",
		Config:           objectOf(t, configType, map[string]any{"endpoint": target.endpoint, "token": target.token}),
	})
	if err != nil {
		t.Fatal(err)
	}
	failOnErrors(t, response.Diagnostics)
	return server
}

func schemasOf(t *testing.T, server tfprotov6.ProviderServer) *tfprotov6.GetProviderSchemaResponse {
	t.Helper()
	response, err := server.GetProviderSchema(context.Background(), &tfprotov6.GetProviderSchemaRequest{})
	if err != nil {
		t.Fatal(err)
	}
	failOnErrors(t, response.Diagnostics)
	return response
}

// objectOf encodes an object with these attributes; all others are null.
func objectOf(t *testing.T, objectType tftypes.Object, values map[string]any) *tfprotov6.DynamicValue {
	t.Helper()
	attributes := map[string]tftypes.Value{}
	for name, attributeType := range objectType.AttributeTypes {
		attributes[name] = tftypes.NewValue(attributeType, values[name])
	}
	value, err := tfprotov6.NewDynamicValue(objectType, tftypes.NewValue(objectType, attributes))
	if err != nil {
		t.Fatal(err)
	}
	return &value
}

func failOnErrors(t *testing.T, diagnostics []*tfprotov6.Diagnostic) {
	t.Helper()
	for _, each := range diagnostics {
		if each.Severity == tfprotov6.DiagnosticSeverityError {
			t.Fatalf("%s: %s", each.Summary, each.Detail)
		}
	}
}

func TestSchemas(t *testing.T) {
	t.Run("every resource has a valid schema and an identity", func(t *testing.T) {
		server := protocolServer(t)
		schemas := schemasOf(t, server)
		identities, err := server.GetResourceIdentitySchemas(context.Background(), &tfprotov6.GetResourceIdentitySchemasRequest{})
		if err != nil {
			t.Fatal(err)
		}
		failOnErrors(t, identities.Diagnostics)
		if len(schemas.ResourceSchemas) != 12 {
			t.Errorf("there are %d resources, not 12", len(schemas.ResourceSchemas))
		}
		for name := range schemas.ResourceSchemas {
			if identities.IdentitySchemas[name] == nil {
				t.Errorf("%s has no identity", name)
			}
		}
	})
	t.Run("states of every earlier schema version can be read", func(t *testing.T) {
		server := protocolServer(t)
		files, err := filepath.Glob("testdata/states/0/*.json")
		if err != nil || len(files) != 12 {
			t.Fatalf("there are %d states of version 0, not 12 (%v)", len(files), err)
		}
		for _, file := range files {
			content, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			response, err := server.UpgradeResourceState(context.Background(), &tfprotov6.UpgradeResourceStateRequest{
				TypeName: strings.TrimSuffix(filepath.Base(file), ".json"), Version: 0, RawState: &tfprotov6.RawState{JSON: content},
			})
			if err != nil {
				t.Fatal(err)
			}
			failOnErrors(t, response.Diagnostics)
		}
	})
}

func TestIdentity(t *testing.T) {
	identityOf := func(slug string) *tfprotov6.ResourceIdentityData {
		identityType := tftypes.Object{AttributeTypes: map[string]tftypes.Type{"slug": tftypes.String}}
		return &tfprotov6.ResourceIdentityData{IdentityData: objectOf(t, identityType, map[string]any{"slug": slug})}
	}
	t.Run("an import by identity reads the resource", func(t *testing.T) {
		startedService(t).request(t, "PUT", "/api/skills/by-identity", `{"name":"By identity","content":"text"}`)
		server := configuredServer(t)
		response, err := server.ImportResourceState(context.Background(), &tfprotov6.ImportResourceStateRequest{
			TypeName: "gatehouse_skill", Identity: identityOf("by-identity"),
		})
		if err != nil {
			t.Fatal(err)
		}
		failOnErrors(t, response.Diagnostics)
		stateType := schemasOf(t, server).ResourceSchemas["gatehouse_skill"].ValueType()
		state, err := response.ImportedResources[0].State.Unmarshal(stateType)
		if err != nil {
			t.Fatal(err)
		}
		if name := attributeOf(t, state, "name"); name != "By identity" {
			t.Errorf("the name is %q", name)
		}
	})
	t.Run("an import of what does not exist is an error", func(t *testing.T) {
		response, err := configuredServer(t).ImportResourceState(context.Background(), &tfprotov6.ImportResourceStateRequest{
			TypeName: "gatehouse_skill", Identity: identityOf("absent"),
		})
		if err != nil {
			t.Fatal(err)
		}
		if len(response.Diagnostics) != 1 || !strings.Contains(response.Diagnostics[0].Detail, `"absent"`) {
			t.Errorf("the diagnostics are %v", response.Diagnostics)
		}
	})
	t.Run("a deleted resource of a state without an identity is reported as gone with an identity", func(t *testing.T) {
		server := configuredServer(t)
		stateType := schemasOf(t, server).ResourceSchemas["gatehouse_skill"].ValueType().(tftypes.Object)
		response, err := server.ReadResource(context.Background(), &tfprotov6.ReadResourceRequest{
			TypeName: "gatehouse_skill", CurrentState: objectOf(t, stateType, map[string]any{"slug": "deleted-long-ago", "name": "x", "content": "x"}),
		})
		if err != nil {
			t.Fatal(err)
		}
		failOnErrors(t, response.Diagnostics)
		if state, err := response.NewState.Unmarshal(stateType); err != nil || !state.IsNull() {
			t.Errorf("the state is %v (%v)", state, err)
		}
		if response.NewIdentity == nil || response.NewIdentity.IdentityData == nil {
			t.Error("the response has no identity")
		}
	})
}

func TestList(t *testing.T) {
	t.Run("a list has every page, with what a configuration can be written from", func(t *testing.T) {
		target := startedService(t)
		for index := range 120 {
			slug := "listed-" + string(rune('a'+index/26)) + string(rune('a'+index%26))
			target.request(t, "PUT", "/api/skills/"+slug, `{"name":"`+slug+`","content":"text of `+slug+`"}`)
		}
		server := configuredServer(t)
		listType := schemasOf(t, server).ListResourceSchemas["gatehouse_skill"].ValueType().(tftypes.Object)
		list := func(limit int64) (found int) {
			stream, err := server.(tfprotov6.ListResourceServer).ListResource(context.Background(), &tfprotov6.ListResourceRequest{
				TypeName: "gatehouse_skill", Config: objectOf(t, listType, nil), IncludeResource: true, Limit: limit,
			})
			if err != nil {
				t.Fatal(err)
			}
			stateType := schemasOf(t, server).ResourceSchemas["gatehouse_skill"].ValueType()
			for result := range stream.Results {
				failOnErrors(t, result.Diagnostics)
				if !strings.HasPrefix(result.DisplayName, "listed-") {
					continue
				}
				found++
				state, err := result.Resource.Unmarshal(stateType)
				if err != nil {
					t.Fatal(err)
				}
				if content := attributeOf(t, state, "content"); content != "text of "+result.DisplayName {
					t.Errorf("the content of %s is %q", result.DisplayName, content)
				}
			}
			return found
		}
		if found := list(1000); found != 120 {
			t.Errorf("the list has %d of 120 skills", found)
		}
		if found := list(7); found > 7 {
			t.Errorf("a list of at most 7 has %d", found)
		}
	})
	t.Run("a list with labels has the resources with all of them", func(t *testing.T) {
		target, _, _ := ownClient(t)
		createOneOfEach(t, target)
		target.request(t, "PUT", "/api/skills/both", `{"name":"Both","content":"text","labels":{"a":"b","c":""}}`)
		server := configuredServerFor(t, target)
		list := func(typeName string, labels ...string) (names []string) {
			var elements []tftypes.Value
			for _, label := range labels {
				elements = append(elements, tftypes.NewValue(tftypes.String, label))
			}
			stream, err := server.(tfprotov6.ListResourceServer).ListResource(context.Background(), &tfprotov6.ListResourceRequest{
				TypeName: typeName, Limit: 100,
				Config: objectOf(t, schemasOf(t, server).ListResourceSchemas[typeName].ValueType().(tftypes.Object), map[string]any{"labels": elements}),
			})
			if err != nil {
				t.Fatal(err)
			}
			for result := range stream.Results {
				for _, each := range result.Diagnostics {
					names = append(names, each.Detail)
				}
				names = append(names, result.DisplayName)
			}
			return names
		}
		if names := list("gatehouse_skill", "a:b", "c"); !slices.Equal(names, []string{"Both"}) {
			t.Errorf("the skills with both labels are %q", names)
		}
		for _, name := range []string{"mcp_server", "skill", "command", "group", "token"} {
			if names := list("gatehouse_"+name, "a"); len(names) == 0 {
				t.Errorf("no %s has the label", name)
			}
		}
		for _, name := range []string{"mcp_server", "skill", "command", "toolkit", "policy", "group", "token"} {
			if names := list("gatehouse_"+name, "a:other"); len(names) > 0 {
				t.Errorf("the filter of %s has no effect: %q", name, names)
			}
		}
		if names := list("gatehouse_skill", "Not a key"); len(names) == 0 || !strings.Contains(names[0], "must be the key of a label") {
			t.Errorf("the error is %q", names)
		}
	})
}

func attributeOf(t *testing.T, object tftypes.Value, name string) string {
	t.Helper()
	var attributes map[string]tftypes.Value
	if err := object.As(&attributes); err != nil {
		t.Fatal(err)
	}
	var text string
	if err := attributes[name].As(&text); err != nil {
		t.Fatal(err)
	}
	return text
}
