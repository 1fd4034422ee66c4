package convertalk_test

import (
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/leadmux/leadmux/internal/sandbox/convertalk"
	"github.com/leadmux/leadmux/internal/sandbox/kit"
)

type object = map[string]any

// C3, C5, C6: what a PUT is refused for; data names every problem.
func TestPutRefuses(t *testing.T) {
	f, _ := start(t, t.TempDir())
	const badStatus = "status must be one of OPEN, INPROGRESS, REVIEW, ONHOLD, DEPENDANCY, CLOSED"
	const badKey = "attributes keys must be lower case without blanks or special characters"
	all := []string{"uuid should not be empty", "botId should not be empty", "customerId should not be empty"}
	for _, c := range []struct {
		name, body string
		data       []string
	}{
		{"nothing given", `{}`, all},
		{"no body", ``, all},
		{"empty strings", lead(1, object{"uuid": "", "botId": "", "customerId": ""}), all},
		{"nulls", `{"uuid":null,"botId":null,"customerId":null}`, all},
		{"no uuid", lead(1, object{"uuid": nil}), all[:1]},
		{"uuid as number", lead(1, object{"uuid": 7}), []string{"uuid must be a string"}},
		{"uuid of version 7", lead(1, object{"uuid": "00000000-0000-7000-8000-000000000001"}), []string{"uuid must be a UUID of version 4"}},
		{"uuid in braces", lead(1, object{"uuid": "{" + id(1) + "}"}), []string{"uuid must be a UUID of version 4"}},
		{"unknown status", lead(1, object{"status": "DONE"}), []string{badStatus}},
		{"status in lower case", lead(1, object{"status": "open"}), []string{badStatus}},
		{"status spelt right", lead(1, object{"status": "DEPENDENCY"}), []string{badStatus}},
		{"empty status", lead(1, object{"status": ""}), []string{badStatus}},
		{"mail", lead(1, object{"email": "ada"}), []string{"email must be a valid email"}},
		{"mail with name", lead(1, object{"email": "Ada <ada@example.com>"}), []string{"email must be a valid email"}},
		{"dial code without plus", lead(1, object{"dialCode": "46"}), []string{"dialCode must include the + sign"}},
		{"picture", lead(1, object{"picture": "ftp://example.com/a.png"}), []string{"picture must be a valid URL"}},
		{"name as object", lead(1, object{"name": object{"first": "Ada"}}), []string{"name must be a string"}},
		{"tags as number", lead(1, object{"tags": 1}), []string{"tags must be an array"}},
		{"notes as strings", lead(1, object{"notes": []string{"a"}}), []string{"notes must be an array"}},
		{"attributes as text that is no JSON", lead(1, object{"attributes": "city"}), []string{"attributes must be an array"}},
		{"attribute key", lead(1, object{"attributes": []object{{"key": "Lead Source", "value": "x"}}}), []string{badKey}},
		{"two problems", lead(1, object{"email": "x", "dialCode": "1"}), []string{"email must be a valid email", "dialCode must include the + sign"}},
		{"not JSON", `{"uuid"`, []string{"body must be a JSON object"}},
		{"array", `[]`, []string{"body must be a JSON object"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			a := f.put(c.body)
			got := decode[struct {
				Success bool
				Message string
				Code    int
				Data    []string
			}](t, a)
			if a.status != 400 || got.Success || got.Message == "" || got.Code != 400 || !slices.Equal(got.Data, c.data) {
				t.Errorf("%d %s", a.status, a.body)
			}
		})
	}
	if a := f.put(lead(1, object{"name": strings.Repeat("x", 100<<10)})); a.status != 413 {
		t.Errorf("too large: %d %s", a.status, a.body)
	}
	if f.stored(id(1)).UUID != "" {
		t.Error("a refused PUT stored a record")
	}
	f.set(`{"anyUUID":true}`)
	f.mustPut(1, object{"uuid": "not a UUID"})
}

// C8, C9, C12: the bare answer, one record per uuid, and how it comes back.
func TestPutCreatesAndUpdates(t *testing.T) {
	f, _ := start(t, t.TempDir())
	f.mustPut(1, object{
		"name": "Amara Nilsson", "email": "amara@example.com", "phone": "2025550101", "dialCode": "+46", "agentId": "64a1f0c2b7e94d0012ab0777",
		"picture": "https://example.com/a.png", "tags": []string{"pricing"}, "unknown": true,
		"attributes": []object{{"key": "city", "value": "Uppsala"}}, "notes": []object{{"title": "Callback", "description": "Mornings"}},
	})
	first := f.list("lead", 1)[0]
	recordID, _ := first["_id"].(string)
	noteID := first["profile"].(object)["notes"].([]any)[0].(object)["_id"].(string)
	if len(recordID) != 24 || len(noteID) != 24 || recordID == noteID {
		t.Errorf("ids %q %q", recordID, noteID)
	}
	want := object{
		"_id": recordID, "uuid": id(1), "status": "OPEN", "isOnline": false, "websiteVisits": 0.0,
		"createdAt": "2026-03-04T09:00:01.000Z", "updatedAt": "2026-03-04T09:00:01.000Z", "lastSeenAt": "2026-03-04T09:00:01.000Z",
		"_agentAssigned": "64a1f0c2b7e94d0012ab0777",
		"profile": object{
			"userDetails": object{
				"name": "Amara Nilsson", "picture": "https://example.com/a.png", "tags": []any{"pricing"},
				"contact":    object{"email": "amara@example.com", "phone": object{"number": "2025550101", "prefix": "46"}},
				"attributes": []any{object{"key": "city", "value": "Uppsala"}},
			},
			"notes": []any{object{"_id": noteID, "title": "Callback", "description": "Mornings"}},
		},
	}
	if !reflect.DeepEqual(first, want) {
		t.Errorf("got  %v\nwant %v", first, want)
	}

	f.mustPut(1, object{"status": "DEPENDANCY", "name": nil, "email": "new@example.com", "phone": ""})
	list := f.list("lead", 1)
	if len(list) != 1 {
		t.Fatalf("%d records", len(list))
	}
	l := f.stored(id(1))
	if l.ID != recordID || l.Upserts != 2 || l.Origin != convertalk.OriginAPI || l.Name != "Amara Nilsson" || l.Email != "new@example.com" ||
		l.Phone != "" || l.Status != "DEPENDANCY" || l.UpdatedAt.Sub(l.CreatedAt) != time.Second {
		t.Errorf("stored %+v", l)
	}
	requests, err := f.Ledger().Requests()
	if err != nil {
		t.Fatal(err)
	}
	var effects []string
	for _, r := range requests {
		if r.Record == id(1) {
			effects = append(effects, r.Effect)
		}
	}
	if !slices.Equal(effects, []string{kit.EffectCreated, kit.EffectUpdated}) {
		t.Errorf("effects %v", effects)
	}
}

// C7 and the two readings of arrays.
func TestArrays(t *testing.T) {
	f, _ := start(t, t.TempDir())
	attr := func(pairs ...string) (all []convertalk.Attribute) {
		for i := 0; i < len(pairs); i += 2 {
			all = append(all, convertalk.Attribute{Key: pairs[i], Value: pairs[i+1]})
		}
		return all
	}
	for i, c := range []struct {
		mode       string
		more       object
		tags       []string
		attributes []convertalk.Attribute
		notes      []string // title/description
	}{
		{"union", object{"tags": []string{"a", "b", "a"}, "attributes": attr("x", "1"), "notes": []object{{"title": "t", "description": "d"}}},
			[]string{"a", "b"}, attr("x", "1"), []string{"t/d"}},
		{"union", object{"tags": "b, c,,", "attributes": `[{"key":"x","value":"2"},{"key":"y","value":"3"}]`, "notes": "plain"},
			[]string{"a", "b", "c"}, attr("x", "2", "y", "3"), []string{"t/d", "/plain"}},
		{"union", object{"tags": []string{}, "attributes": "", "notes": ""},
			[]string{"a", "b", "c"}, attr("x", "2", "y", "3"), []string{"t/d", "/plain"}},
		{"replace", object{"tags": []string{"d"}},
			[]string{"d"}, attr("x", "2", "y", "3"), []string{"t/d", "/plain"}},
		{"replace", object{"attributes": attr("z", "1", "z", "2"), "notes": []object{{"title": "n"}}},
			[]string{"d"}, attr("z", "2"), []string{"n/"}},
		{"replace", object{"tags": "", "attributes": []object{}, "notes": []object{}}, nil, nil, nil},
	} {
		f.set(`{"arrayMode":"` + c.mode + `"}`)
		f.mustPut(1, c.more)
		l := f.stored(id(1))
		var notes []string
		seen := map[string]bool{}
		for _, n := range l.Notes {
			notes = append(notes, n.Title+"/"+n.Description)
			seen[n.ID] = true
		}
		if !slices.Equal(l.Tags, c.tags) || !slices.Equal(l.Attributes, c.attributes) || !slices.Equal(notes, c.notes) || len(seen) != len(notes) {
			t.Errorf("step %d: %v %v %v", i, l.Tags, l.Attributes, l.Notes)
		}
	}
	if l := f.stored(id(1)); l.Tags == nil || l.Attributes == nil || l.Notes == nil {
		t.Error("an emptied array must show as [] in the listing, not as null")
	}
}
