package provider

import (
	"context"
	"fmt"
	"reflect"
	"testing"
	"time"

	"github.com/gatehouse/terraform-provider-gatehouse/internal/api"
	"github.com/gatehouse/terraform-provider-gatehouse/internal/service"
)

// ownClient is a client of a service that only this test uses, and counts its requests.
func ownClient(t *testing.T) (*testService, *requestCounter, *service.Client) {
	t.Helper()
	target, err := startService()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(target.stop)
	counter := countRequests(t, target.endpoint, 0)
	client, err := service.New(service.Options{Endpoint: counter.endpoint, Token: target.token, RequestTimeout: 10 * time.Second})
	if err != nil {
		t.Fatal(err)
	}
	return target, counter, client
}

func expectRequests(t *testing.T, counter *requestCounter, expected map[string]int) {
	t.Helper()
	if counts := counter.reset(); !reflect.DeepEqual(counts, expected) {
		t.Errorf("the requests are %v, not %v", counts, expected)
	}
}

func TestRefresh(t *testing.T) {
	ctx := context.Background()
	target, counter, client := ownClient(t)
	putSkill := func(number int) string {
		slug := fmt.Sprintf("skill-%03d", number)
		target.request(t, "PUT", "/api/skills/"+slug, fmt.Sprintf(`{"name":"Skill %d","content":"text","files":[{"path":"a.md","content":"more"}]}`, number))
		return slug
	}
	read := func(slug string) skillModel {
		t.Helper()
		model, err := skillKind.getForRefresh(ctx, client, slug)
		if err != nil || model.Slug != slug {
			t.Fatalf("%s: %q, %v", slug, model.Slug, err)
		}
		return model
	}
	var slugs []string
	for number := range pageSize + 20 {
		slugs = append(slugs, putSkill(number))
	}
	t.Run("few resources are read one by one, and more of them page by page", func(t *testing.T) {
		for _, slug := range slugs[:singleReads] {
			read(slug)
		}
		expectRequests(t, counter, map[string]int{"GET": singleReads})
		for _, slug := range slugs[singleReads:] {
			read(slug)
		}
		if counts := counter.reset(); counts["GET of a list"] != 2 || counts["GET"] > 1 {
			t.Errorf("the requests of the other %d skills are %v", len(slugs)-singleReads, counts)
		}
	})
	t.Run("a resource that was created after its page, or that is read again, is requested", func(t *testing.T) {
		read(putSkill(900))
		read(slugs[50])
		expectRequests(t, counter, map[string]int{"GET": 2})
	})
	t.Run("a resource that does not exist is reported by the service", func(t *testing.T) {
		if _, err := skillKind.getForRefresh(ctx, client, "missing"); !service.IsNotFound(err) {
			t.Errorf("the error is %v", err)
		}
	})
	t.Run("no page is read and no listed resource returned after the first write", func(t *testing.T) {
		_, counter, client := target, counter, newClientLike(t, client, counter)
		for _, slug := range slugs[:singleReads+1] {
			if _, err := skillKind.getForRefresh(ctx, client, slug); err != nil {
				t.Fatal(err)
			}
		}
		body := api.SkillReplacement{Name: "Changed", Content: "changed"}
		if err := service.Done(client.PutSkill(ctx, slugs[40], &api.PutSkillParams{}, body)); err != nil {
			t.Fatal(err)
		}
		counter.reset()
		changed, err := skillKind.getForRefresh(ctx, client, slugs[40])
		if err != nil || changed.Name != "Changed" {
			t.Errorf("the skill is %q, %v", changed.Name, err)
		}
		expectRequests(t, counter, map[string]int{"GET": 1})
	})
	t.Run("a few resources among many others cause one page", func(t *testing.T) {
		client := newClientLike(t, client, counter)
		counter.reset()
		for number := range 10 {
			if _, err := skillKind.getForRefresh(ctx, client, slugs[pageSize+number]); err != nil {
				t.Fatal(err)
			}
		}
		expectRequests(t, counter, map[string]int{"GET": 10, "GET of a list": 1})
	})
	t.Run("a list that is too old is read again", func(t *testing.T) {
		client := newClientLike(t, client, counter)
		lists := &refreshed[skillModel]{byKey: map[string]skillModel{}, reads: singleReads}
		if _, ok := lists.take(ctx, skillKind, client, slugs[0]); !ok {
			t.Fatal("the first page has no first skill")
		}
		target.request(t, "PATCH", "/api/skills/"+slugs[1], `{"name":"Newer"}`)
		lists.startedAt = lists.startedAt.Add(-maxListAge)
		if model, ok := lists.take(ctx, skillKind, client, slugs[1]); !ok || model.Name != "Newer" {
			t.Errorf("the skill is %q", model.Name)
		}
	})
}

func TestListedResources(t *testing.T) {
	t.Run("a list shows every kind of resource as a request of the single one does", func(t *testing.T) {
		target, _, client := ownClient(t)
		createOneOfEach(t, target)
		expectSameInList(t, client, mcpServerKind)
		expectSameInList(t, client, skillKind)
		expectSameInList(t, client, commandKind)
		expectSameInList(t, client, toolkitKind)
		expectSameInList(t, client, policyKind)
		expectSameInList(t, client, scimExtensionKind)
		expectSameInList(t, client, userKind)
		expectSameInList(t, client, groupKind)
		expectSameInList(t, client, organizationKind)
		expectSameInList(t, client, tokenKind)
	})
}

// createOneOfEach creates a resource of every kind, with values for most of its attributes.
func createOneOfEach(t *testing.T, target *testService) {
	t.Helper()
	const urn = "urn:example:listed:1.0:User"
	target.request(t, "PUT", "/api/mcp-servers/listed", `{"name":"S","description":"d","transport":"http","url":"https://mcp.example.com","labels":{"a":"b"},
		"tools":[{"name":"search","inputSchema":{"type":"object","properties":{"q":{"type":"string"}}},"annotations":{"readOnlyHint":true}}],
		"auth":{"type":"oauth2","authorizationUrl":"https://a.example/a","tokenUrl":"https://a.example/t","clientId":"c","scopes":["s"]},
		"assignment":{"everyone":true}}`)
	target.request(t, "PUT", "/api/skills/listed", `{"name":"S","content":"c","files":[{"path":"a/b.md","content":"x"}],"labels":{"a":"b"}}`)
	target.request(t, "PUT", "/api/commands/listed", `{"name":"C","template":"Do it","labels":{"a":"b"}}`)
	target.request(t, "PUT", "/api/toolkits/listed", `{"name":"T","entries":[{"mcpServer":"listed","tools":["search"]}],"skills":["listed"],"commands":["listed"]}`)
	target.request(t, "PUT", "/api/policies/listed", `{"name":"P","effect":"deny","subjects":{"everyone":true},"resources":{"mcpServers":["listed"],"tools":["search"]}}`)
	target.request(t, "PUT", "/api/scim-extensions/"+urn, `{"name":"X","resourceType":"User","attributes":[{"name":"desk","type":"string"}]}`)
	target.request(t, "POST", "/api/users", `{"userName":"listed@example.com","name":{"givenName":"L","familyName":"M"},"emails":[{"value":"listed@example.com","primary":true}],
		"extensions":{"`+urn+`":{"desk":"d1"}}}`)
	target.request(t, "POST", "/api/groups", `{"displayName":"Listed","labels":{"a":"b"}}`)
	target.request(t, "POST", "/api/tokens", `{"name":"listed","type":"mcp","mcpServers":["listed"],"labels":{"a":"b"},"expiresInDays":7}`)
}

func expectSameInList[M any](t *testing.T, client *service.Client, k *kind[M]) {
	t.Helper()
	page, _, err := k.list(context.Background(), client, listPage{})
	if err != nil || len(page) == 0 {
		t.Fatalf("%s: the list has %d resources: %v", k.name, len(page), err)
	}
	for index := range page {
		single, err := k.get(context.Background(), client, k.parts(&page[index]).key)
		if err != nil || !reflect.DeepEqual(page[index], single) {
			t.Errorf("%s: the list shows %+v, the single request %+v (%v)", k.name, page[index], single, err)
		}
	}
}

func newClientLike(t *testing.T, client *service.Client, counter *requestCounter) *service.Client {
	t.Helper()
	another, err := service.New(service.Options{Endpoint: counter.endpoint, Token: client.Token, RequestTimeout: 10 * time.Second})
	if err != nil {
		t.Fatal(err)
	}
	return another
}
