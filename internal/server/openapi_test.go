package server

import (
	"encoding/json"
	"fmt"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"
)

type node = map[string]any

func specification(t *testing.T) node {
	t.Helper()
	var doc node
	if err := json.Unmarshal(openAPI, &doc); err != nil {
		t.Fatal(err)
	}
	return doc
}

// dig follows keys; nil when one is missing.
func dig(from any, keys ...string) any {
	for _, key := range keys {
		object, _ := from.(node)
		from = object[key]
	}
	return from
}

// TestSpecificationIsWhole: every binding of every RPC is in it, and it holds together.
func TestSpecificationIsWhole(t *testing.T) {
	doc := specification(t)
	if version, _ := doc["openapi"].(string); !strings.HasPrefix(version, "3.1.") {
		t.Errorf("openapi is %q", version)
	}
	routes, err := newRoutes()
	if err != nil {
		t.Fatal(err)
	}
	listed := 0
	for _, b := range routes.all {
		path := "/" + strings.Join(b.segments, "/")
		if b.suffix != "" {
			path += ":" + b.suffix
		}
		if dig(doc, "paths", path, strings.ToLower(b.verb)) == nil {
			t.Errorf("%s %s is missing", b.verb, path)
		}
	}
	ids := map[any]bool{}
	for path, methods := range dig(doc, "paths").(node) {
		for method, operation := range methods.(node) {
			listed++
			checkOperation(t, doc, method+" "+path, path, operation.(node), ids)
		}
	}
	if listed != len(routes.all) {
		t.Errorf("%d operations, but %d bindings", listed, len(routes.all))
	}
	checkReferences(t, doc, doc)
	if dig(doc, "components", "securitySchemes", "apiKey", "scheme") != "bearer" || !reflect.DeepEqual(doc["security"], []any{node{"apiKey": []any{}}}) {
		t.Error("the API key is not described")
	}
}

func checkOperation(t *testing.T, doc node, name, path string, operation node, ids map[any]bool) {
	t.Helper()
	if id := operation["operationId"]; id == nil || ids[id] {
		t.Errorf("%s: its operationId %v is missing or not its own", name, id)
	}
	ids[operation["operationId"]] = true
	if summary, _ := operation["summary"].(string); summary == "" || strings.Contains(summary, "\n") {
		t.Errorf("%s: summary %q", name, summary)
	}
	for _, code := range []string{"200", "400", "401", "403", "429", "default"} {
		if dig(operation, "responses", code) == nil {
			t.Errorf("%s: no answer %s", name, code)
		}
	}
	declared := map[string]bool{}
	parameters, _ := operation["parameters"].([]any)
	for _, p := range parameters {
		parameter, _ := p.(node)
		if ref, ok := parameter["$ref"].(string); ok {
			parameter = resolve(doc, ref).(node)
		}
		if parameter["in"] == "path" {
			declared[fmt.Sprint(parameter["name"])] = parameter["required"] == true
		}
		if parameter["in"] == "query" && strings.Contains(fmt.Sprint(parameter["name"]), "_") {
			t.Errorf("%s: the parameter %v is not lowerCamelCase", name, parameter["name"])
		}
	}
	for _, match := range regexp.MustCompile(`\{([^}]+)\}`).FindAllStringSubmatch(path, -1) {
		if !declared[match[1]] {
			t.Errorf("%s: {%s} is not declared as required", name, match[1])
		}
		delete(declared, match[1])
	}
	if len(declared) > 0 {
		t.Errorf("%s: declares path parameters that it has not: %v", name, declared)
	}
}

func resolve(doc node, ref string) any {
	return dig(doc, strings.Split(strings.TrimPrefix(ref, "#/"), "/")...)
}

// checkReferences walks the document: references resolve, required properties exist, patterns compile.
func checkReferences(t *testing.T, doc node, at any) {
	t.Helper()
	switch v := at.(type) {
	case []any:
		for _, child := range v {
			checkReferences(t, doc, child)
		}
	case node:
		if ref, ok := v["$ref"].(string); ok && resolve(doc, ref) == nil {
			t.Errorf("%s leads nowhere", ref)
		}
		if required, ok := v["required"].([]any); ok && v["properties"] != nil {
			for _, name := range required {
				if dig(v, "properties", fmt.Sprint(name)) == nil {
					t.Errorf("%v is required but not a property", name)
				}
			}
		}
		if pattern, ok := v["pattern"].(string); ok {
			if _, err := regexp.Compile(pattern); err != nil {
				t.Error(err)
			}
		}
		for _, child := range v {
			checkReferences(t, doc, child)
		}
	}
}

// TestP19SpecificationTellsTheLimits compares the text of 413 with the settings.
func TestP19SpecificationTellsTheLimits(t *testing.T) {
	text, _ := dig(specification(t), "components", "responses", "TooLarge", "description").(string)
	set := defaults()
	want := fmt.Sprintf("larger than %d MiB", set.maxMessage>>20)
	for method, limit := range set.largeMessages {
		want += fmt.Sprintf("; that of %s, larger than %d MiB", method[strings.LastIndex(method, "/")+1:], limit>>20)
	}
	if !strings.Contains(text, want) {
		t.Errorf("%q does not say %q", text, want)
	}
}

// TestSpecificationHasTheRules compares what the validator enforces with what the specification says, field by field.
func TestSpecificationHasTheRules(t *testing.T) {
	doc := specification(t)
	lead := []string{"components", "schemas", "leadmux.v1.Lead", "properties"}
	create := []string{"paths", "/v1/leads", "post", "requestBody", "content", "application/json", "schema"}
	for _, c := range []struct {
		at   []string
		want any
	}{
		{append(slices.Clone(lead), "firstName", "maxLength"), 200.0},
		{append(slices.Clone(lead), "tags", "maxItems"), 50.0},
		{append(slices.Clone(lead), "tags", "uniqueItems"), true},
		{append(slices.Clone(lead), "tags", "items", "minLength"), 1.0},
		{append(slices.Clone(lead), "tags", "items", "maxLength"), 100.0},
		{append(slices.Clone(lead), "attributes", "maxProperties"), 50.0},
		{append(slices.Clone(lead), "attributes", "propertyNames", "maxLength"), 64.0},
		{append(slices.Clone(lead), "attributes", "additionalProperties", "maxLength"), 1024.0},
		{append(slices.Clone(lead), "leadId", "readOnly"), true},
		{[]string{"components", "schemas", "leadmux.v1.Address", "properties", "countryCode", "pattern"}, "^$|^[A-Z]{2}$"},
		{append(slices.Clone(create), "required"), []any{"lead"}},
		{append(slices.Clone(create), "additionalProperties"), false},
		{append(slices.Clone(create), "properties", "requestId", "pattern"), "^$|^[!-~]{1,128}$"},
		{[]string{"paths", "/v1/leads:batchCreate", "post", "requestBody", "content", "application/json", "schema", "required"}, []any{"requests"}},
		{[]string{"components", "schemas", "leadmux.v1.Lead.Patch", "properties", "firstName", "type"}, []any{"string", "null"}},
		{[]string{"components", "schemas", "leadmux.v1.Lead.Patch", "properties", "firstName", "maxLength"}, 200.0},
		{[]string{"components", "schemas", "leadmux.v1.Lead.Patch", "properties", "leadId"}, nil},
		{[]string{"components", "schemas", "leadmux.v1.Lead.Patch", "properties", "etag", "readOnly"}, nil},
		{[]string{"components", "schemas", "leadmux.v1.Lead.Patch", "properties", "etag", "type"}, []any{"string", "null"}},
		{[]string{"components", "schemas", "leadmux.v1.Lead.Patch", "properties", "owner", "anyOf"}, []any{
			node{"$ref": "#/components/schemas/leadmux.v1.Owner.Patch"}, node{"type": "null"},
		}},
		{[]string{"components", "schemas", "leadmux.v1.Owner.Patch", "properties", "bookingUrl", "type"}, []any{"string", "null"}},
		{[]string{"components", "schemas", "leadmux.v1.BatchCreateLeadsResult", "properties", "status", "$ref"}, "#/components/schemas/google.rpc.Status"},
		{[]string{"components", "schemas", "google.rpc.Status", "properties", "code", "type"}, "integer"},
	} {
		if got := dig(doc, c.at...); !reflect.DeepEqual(got, c.want) {
			t.Errorf("%s is %v, want %v", strings.Join(c.at, "."), got, c.want)
		}
	}
	patch := dig(doc, "paths", "/v1/leads/{lead.lead_id}", "patch", "requestBody", "content", "application/json", "schema", "$ref")
	if patch != "#/components/schemas/leadmux.v1.Lead.Patch" {
		t.Errorf("PATCH takes %v, which does not allow null", patch)
	}
	parameters := fmt.Sprint(dig(doc, "paths", "/v1/leads", "get", "parameters"))
	if !strings.Contains(parameters, "maximum:1000 minimum:0") {
		t.Errorf("pageSize has no limits: %s", parameters)
	}
	first, _ := dig(doc, append(slices.Clone(lead), "firstName", "description")...).(string)
	if !strings.Contains(first, "bytes of UTF-8") {
		t.Errorf("firstName does not say that its limit is in bytes: %s", first)
	}
	if got := fmt.Sprint(dig(doc, "paths", "/v1/leads", "post", "parameters")); !strings.Contains(got, "IdempotencyKey") {
		t.Error("CreateLead does not take Idempotency-Key")
	}
	if got := fmt.Sprint(dig(doc, "paths", "/v1/leads:lookup", "post", "parameters")); strings.Contains(got, "IdempotencyKey") {
		t.Error("LookupLead takes Idempotency-Key")
	}
}
