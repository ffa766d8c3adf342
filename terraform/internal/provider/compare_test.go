//go:build compare

package provider

import (
	"cmp"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"text/template"
	"time"
)

const (
	// maxApplyRatio is the promised part of the time of the generic provider, for large catalogs: the state that Terraform writes
	// after each resource then takes most of it.
	maxApplyRatio = 0.6
	largeCatalog  = 400
)

// measured is what one operation of Terraform has cost.
type measured struct {
	duration time.Duration
	// processor is the time of Terraform and the provider, which other work on the machine changes less.
	processor time.Duration
	requests  map[string]int
}

func (m measured) count() int {
	total := 0
	for _, each := range m.requests {
		total += each
	}
	return total
}

// TestCompare applies one catalog with this provider and with a generic REST provider, in turns. compare.sh runs it.
func TestCompare(t *testing.T) {
	t.Run("a large apply takes at most 0.6 of the time of a generic provider, and no operation sends more requests than there are resources and pages", func(t *testing.T) {
		catalog := catalogFrom(t)
		results := map[string][]measured{}
		for round := range numberFrom(t, "COMPARE_ROUNDS", 3, 1) {
			for _, provider := range []string{"gatehouse", "restapi"} {
				applied := measureProvider(t, provider, catalog)
				for operation, result := range applied {
					key := operation + " " + provider
					results[key] = append(results[key], result)
					t.Logf("round %d: %-25s %6.2f s (processor %5.2f s), %4d requests %v", round+1, key, result.duration.Seconds(), result.processor.Seconds(), result.count(), result.requests)
				}
			}
		}
		for _, operation := range []string{"apply", "empty plan", "plan of one change"} {
			ours, generic := median(results[operation+" gatehouse"]), median(results[operation+" restapi"])
			ratio := ours.duration.Seconds() / generic.duration.Seconds()
			t.Logf("%s of %d resources: %.2f s and %d requests, generic %.2f s and %d requests, ratio of the times %.2f, of the processor times %.2f",
				operation, catalog.resources(), ours.duration.Seconds(), ours.count(), generic.duration.Seconds(), generic.count(), ratio,
				ours.processor.Seconds()/generic.processor.Seconds())
			if operation == "apply" && catalog.resources() >= largeCatalog && ratio > maxApplyRatio {
				t.Errorf("%s: the ratio %.2f is above %.1f", operation, ratio, maxApplyRatio)
			}
			if ours.count() > catalog.resources()+catalog.pages() {
				t.Errorf("%s: %d requests for %d resources and %d pages", operation, ours.count(), catalog.resources(), catalog.pages())
			}
		}
	})
}

// comparedCatalog is what the templates in testdata/compare describe, once for each provider.
type comparedCatalog struct {
	Servers, Toolkits, Skills, Policies int
	// Suffix of the name of one server. Another one is the change that is planned.
	Suffix          string
	Tools           map[string]string
	Schema, Content string
}

// After returns the server after one, so that each toolkit has two.
func (c comparedCatalog) After(number int) int {
	return (number + 1) % c.Servers
}

func (c comparedCatalog) resources() int {
	return c.Servers + c.Toolkits + c.Skills + c.Policies
}

// pages returns how many pages the lists of the catalog have.
func (c comparedCatalog) pages() int {
	total := 0
	for _, size := range []int{c.Servers, c.Toolkits, c.Skills, c.Policies} {
		total += (size + pageSize - 1) / pageSize
	}
	return total
}

func catalogFrom(t *testing.T) comparedCatalog {
	t.Helper()
	catalog := comparedCatalog{
		Servers: numberFrom(t, "COMPARE_SERVERS", 300, 1), Toolkits: numberFrom(t, "COMPARE_TOOLKITS", 50, 1),
		Skills: numberFrom(t, "COMPARE_SKILLS", 100, 1), Policies: numberFrom(t, "COMPARE_POLICIES", 20, 1),
		Tools: map[string]string{
			"search": "read", "get": "read", "list": "read", "create": "write", "update": "write", "delete": "destructive",
		},
		Schema: `{ type = "object", properties = { query = { type = "string", description = "Words of the record" }, ` +
			`limit = { type = "integer", minimum = 1, maximum = 50 } }, required = ["query"] }`,
		Content: strings.Repeat(`Read the records of the department, and summarize what has changed since yesterday.\n`, 20),
	}
	if most := min(catalog.Servers, catalog.Skills); catalog.Toolkits > most || catalog.Policies > catalog.Servers {
		t.Fatalf("the catalog has more toolkits or policies than servers or skills: %d", most)
	}
	return catalog
}

// numberFrom reads a number of an environment variable.
func numberFrom(t *testing.T, variable string, otherwise, least int) int {
	t.Helper()
	text := cmp.Or(os.Getenv(variable), strconv.Itoa(otherwise))
	number, err := strconv.Atoi(text)
	if err != nil || number < least {
		t.Fatalf("%s is not a number from %d: %q", variable, least, text)
	}
	return number
}

// measureProvider applies and plans the catalog with one provider, and a service of its own.
func measureProvider(t *testing.T, provider string, catalog comparedCatalog) map[string]measured {
	t.Helper()
	target, err := startService()
	if err != nil {
		t.Fatal(err)
	}
	defer target.stop()
	counter := countRequests(t, target.endpoint, time.Duration(numberFrom(t, "COMPARE_LATENCY_MS", 0, 0))*time.Millisecond)
	directory := t.TempDir()
	configuration := template.Must(template.New(provider + ".tmpl").Funcs(template.FuncMap{"seq": sequence}).
		ParseFiles(filepath.Join("testdata", "compare", provider+".tmpl")))
	environment := append(os.Environ(), "GATEHOUSE_ENDPOINT="+counter.endpoint, "GATEHOUSE_TOKEN="+target.token,
		"TF_VAR_endpoint="+counter.endpoint, "TF_VAR_token="+target.token, "TF_IN_AUTOMATION=1")
	run := func(suffix string, arguments ...string) measured {
		t.Helper()
		catalog.Suffix = suffix
		var content strings.Builder
		if err := configuration.Execute(&content, catalog); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(directory, "main.tf"), []byte(content.String()), 0o600); err != nil {
			t.Fatal(err)
		}
		command := exec.Command(requireTerraform(t), append(arguments, "-no-color", "-input=false")...)
		command.Dir, command.Env = directory, environment
		counter.reset()
		begin := time.Now()
		output, err := command.CombinedOutput()
		result := measured{duration: time.Since(begin), requests: counter.reset()}
		if err != nil {
			t.Fatalf("terraform %s: %v\n%s", strings.Join(arguments, " "), err, output)
		}
		result.processor = command.ProcessState.UserTime() + command.ProcessState.SystemTime()
		expected := map[string]string{"apply": "Apply complete!", "plan": "No changes."}[arguments[0]]
		if suffix != "" {
			expected = "0 to add, 1 to change, 0 to destroy"
		}
		if !strings.Contains(string(output), expected) {
			t.Fatalf("%s: terraform %s does not report %q: %s", provider, strings.Join(arguments, " "), expected, output)
		}
		return result
	}
	return map[string]measured{
		"apply":              run("", "apply", "-auto-approve"),
		"empty plan":         run("", "plan"),
		"plan of one change": run(" (new)", "plan"),
	}
}

// sequence returns the numbers from 0 to one below the end.
func sequence(end int) []int {
	numbers := make([]int, end)
	for index := range numbers {
		numbers[index] = index
	}
	return numbers
}

func median(results []measured) measured {
	sorted := slices.SortedFunc(slices.Values(results), func(a, b measured) int { return cmp.Compare(a.duration, b.duration) })
	return sorted[len(sorted)/2]
}
