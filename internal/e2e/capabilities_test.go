package e2e_test

import (
	"maps"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	leadmuxv1 "github.com/leadmux/leadmux/gen/leadmux/v1"
	"github.com/leadmux/leadmux/internal/e2e/harness"
	"github.com/leadmux/leadmux/internal/sandbox/kit"
)

// cell is one of docs/CAPABILITIES.md: an RPC at a vendor.
type cell struct{ rpc, vendor string }

// vendorRPCs are the RPCs that vendors have a part in, in the order of the document, with what else uses the same way.
var vendorRPCs = []struct{ rpc, also string }{
	{"CreateLead", "EngageLead, BatchCreateLeads"}, {"UpdateLead", ""}, {"EndConversation", ""}, {"StopConversation", ""},
	{"DeferConversation", ""}, {"OptOutLead", "Suppress, ImportSuppressions"}, {"Reconsent", ""}, {"EraseLead", ""}, {"ListVendorLeads", ""}, {"LookupLead", ""}, {"TestAccount", ""},
}

// lack is what a caller meets where a vendor has no such thing.
type lack struct {
	warning string // code on the engagement, where the account was not named
	refused bool   // CAPABILITY_NOT_SUPPORTED, where it was
	says    string // in the document
}

var (
	noUpdate = lack{warning: "UPDATE_NOT_SENT", says: "no: kept here only, with the warning `UPDATE_NOT_SENT`"}
	noDefer  = lack{warning: "VENDOR_NOT_TOLD", refused: true, says: "no: `CAPABILITY_NOT_SUPPORTED` where the account is named, else the warning `VENDOR_NOT_TOLD`"}
	noList   = lack{refused: true, says: "no: `CAPABILITY_NOT_SUPPORTED`"}
	noDelete = lack{says: "no: the receipt says what to ask the vendor for"}
	noAsking = lack{says: "no: found by what is known here"}
	noReturn = lack{says: "no: the notice is `UNSUPPORTED`; ask the account manager"}
)

// lacks are the cells that a vendor does not have.
var lacks = map[cell]lack{
	{"UpdateLead", harness.Verse}:           noUpdate,
	{"DeferConversation", harness.Verse}:    noDefer,
	{"DeferConversation", harness.UJET}:     noDefer,
	{"Reconsent", harness.Verse}:            noReturn,
	{"Reconsent", harness.Convertalk}:       noReturn,
	{"EraseLead", harness.Verse}:            noDelete,
	{"EraseLead", harness.Conversica}:       noDelete,
	{"EraseLead", harness.Convertalk}:       noDelete,
	{"ListVendorLeads", harness.Verse}:      noList,
	{"ListVendorLeads", harness.UJET}:       noList,
	{"ListVendorLeads", harness.Conversica}: noList,
	{"LookupLead", harness.Verse}:           noAsking,
	{"LookupLead", harness.Conversica}:      noAsking,
	{"LookupLead", harness.Convertalk}:      noAsking,
}

// partly are cells that a vendor has with a condition.
var partly = map[cell]string{
	{"EndConversation", harness.UJET}:  "yes, for a person in a campaign; else kept here only, with the warning `VENDOR_NOT_TOLD`",
	{"StopConversation", harness.UJET}: "yes, for a person in a campaign; else kept here only, with the warning `VENDOR_NOT_TOLD`",
	{"OptOutLead", harness.UJET}:       "yes, for a person with a phone: calls only",
	{"Reconsent", harness.UJET}:        "yes, for a person with a phone: calls only",
	{"EraseLead", harness.UJET}:        "yes, takes a person out of the campaign; for the rest the receipt says what to ask the vendor for",
	{"LookupLead", harness.UJET}:       "yes, for an ID that is not known here",
}

// exercise is what was done at the vendors: the requests that were made, by cell. One goroutine uses it.
type exercise struct{ made map[cell]map[string]bool }

func (x *exercise) note(c cell, requests []kit.Request) {
	if x.made[c] == nil {
		x.made[c] = map[string]bool{}
	}
	for _, route := range asRoutes(requests) {
		x.made[c][route] = true
	}
}

// asRoutes are requests as "METHOD /path".
func asRoutes(requests []kit.Request) []string {
	var all []string
	for _, r := range requests {
		all = append(all, r.Method+" "+r.Path)
	}
	return all
}

// capabilities are what the service says of its accounts for the RPCs of vendorRPCs, by cell. Those that are forwarded as they are
// stand in a document of their own.
func capabilities(t *testing.T, env *harness.Env) map[cell]*leadmuxv1.Capability {
	t.Helper()
	out := &leadmuxv1.ListCapabilitiesResponse{}
	env.Server.Client(harness.GRPC).Must(t, "AccountService.ListCapabilities", &leadmuxv1.ListCapabilitiesRequest{}, out)
	all := map[cell]*leadmuxv1.Capability{}
	for _, c := range out.GetCapabilities() {
		if slices.ContainsFunc(vendorRPCs, func(row struct{ rpc, also string }) bool { return row.rpc == c.GetRpc() }) {
			all[cell{c.GetRpc(), c.GetVendor()}] = c
		}
	}
	return all
}

var routeVar = regexp.MustCompile(`\\\{[a-z_]+\\\}`)

// compare checks that what was done at the vendors is what the service says that it can do, no request more or less.
func (x *exercise) compare(t *testing.T, said map[cell]*leadmuxv1.Capability) {
	t.Helper()
	for c, capability := range said {
		made := slices.Sorted(maps.Keys(x.made[c]))
		for route := range strings.SplitSeq(capability.GetRoute(), ", ") {
			pattern := regexp.MustCompile("^" + routeVar.ReplaceAllString(regexp.QuoteMeta(route), "[^/]+") + "$")
			if !slices.ContainsFunc(made, pattern.MatchString) {
				t.Errorf("%s of %s has the route %s, which nothing took", c.rpc, c.vendor, route)
			}
			made = slices.DeleteFunc(made, pattern.MatchString)
		}
		if len(made) > 0 {
			t.Errorf("%s of %s made %v, which is not among its routes %s", c.rpc, c.vendor, made, capability.GetRoute())
		}
	}
	for c, made := range x.made {
		if said[c] == nil && len(made) > 0 {
			t.Errorf("%s of %s is no capability, and made %v", c.rpc, c.vendor, made)
		}
	}
}

// TestEveryCellIsKnown checks that the service says of every cell what the tables here do: that the vendor has it, or not.
func TestEveryCellIsKnown(t *testing.T) {
	t.Parallel()
	said := capabilities(t, suite.Start(t, harness.Options{}))
	cells := 0
	for _, row := range vendorRPCs {
		for _, vendor := range allFour {
			_, lacking := lacks[cell{row.rpc, vendor}]
			if has := said[cell{row.rpc, vendor}] != nil; has == lacking {
				t.Errorf("%s of %s: the service says %v, the table %v", row.rpc, vendor, has, !lacking)
			} else if has {
				cells++
			}
		}
	}
	if cells != len(said) {
		t.Errorf("the service says %d things, and the table has %d of them", len(said), cells)
	}
	document(t, "../../docs/CAPABILITIES.md", "| RPC | vendor | has it | class | route | evidence |\n| --- | --- | --- | --- | --- | --- |\n", capabilityRows(said))
}

func capabilityRows(said map[cell]*leadmuxv1.Capability) string {
	var rows strings.Builder
	for _, row := range vendorRPCs {
		for i, vendor := range []string{harness.Verse, harness.UJET, harness.Conversica, harness.Convertalk} {
			name := ""
			if i == 0 {
				name = row.rpc
				if row.also != "" {
					name += " (" + row.also + ")"
				}
			}
			rows.WriteString("| " + strings.Join(append([]string{name, vendorTitles[vendor]}, capabilityCells(cell{row.rpc, vendor}, said)...), " | ") + " |\n")
		}
	}
	return rows.String()
}

func capabilityCells(c cell, said map[cell]*leadmuxv1.Capability) []string {
	capability := said[c]
	if capability == nil {
		return []string{lacks[c].says, "–", "–", "–"}
	}
	has := "yes"
	if partly[c] != "" {
		has = partly[c]
	}
	return []string{
		has,
		strings.TrimPrefix(capability.GetIdempotencyClass().String(), "IDEMPOTENCY_CLASS_"),
		"`" + strings.ReplaceAll(capability.GetRoute(), ", ", "`, `") + "`",
		strings.TrimPrefix(capability.GetEvidence().String(), "EVIDENCE_"),
	}
}

// document checks that a document's table has the rows given, neither more nor fewer. With -update it gets them.
func document(t *testing.T, path, head, rows string) {
	t.Helper()
	raw, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	before, after, ok := strings.Cut(string(raw), head)
	if !ok {
		t.Fatalf("%s has no table that begins with\n%s", path, head)
	}
	table := ""
	for strings.HasPrefix(after, "|") {
		row, more, _ := strings.Cut(after, "\n")
		table, after = table+row+"\n", more
	}
	switch {
	case table == rows:
	case *update:
		if err := os.WriteFile(path, []byte(before+head+rows+after), 0o644); err != nil {
			t.Fatal(err)
		}
	default:
		t.Errorf("%s has\n%s\nand the tests hold\n%s", path, table, rows)
	}
}

// warned says whether an engagement has a warning of a code.
func warned(e *leadmuxv1.Engagement, code string) bool {
	return slices.ContainsFunc(e.GetWarnings(), func(w *leadmuxv1.Warning) bool { return w.GetCode() == code })
}
