package e2e_test

import (
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// notYet are documented reasons that no case can bring about: for events to be gone, months must pass (TestAsOf of the service lets
// them).
var notYet = []string{"LEAD_ERASED", "EVENTS_GONE"}

var (
	documentedRPC = regexp.MustCompile(`(?m)((?:^  //.*\n)+)  rpc (\w+)\(`)
	errorsOf      = regexp.MustCompile(`Errors(?: as (\w+),?)?:?([^.]*)\.`)
	reasonName    = regexp.MustCompile(`\b[A-Z]+(?:_[A-Z]+)+\b`)
)

// documentedErrors reads which errors the schema promises of each RPC of LeadService.
func documentedErrors(t *testing.T) map[string][]string {
	t.Helper()
	schema, err := os.ReadFile("../../proto/leadmux/v1/lead_service.proto")
	if err != nil {
		t.Fatal(err)
	}
	all := map[string][]string{}
	for _, rpc := range documentedRPC.FindAllStringSubmatch(string(schema), -1) {
		comment := strings.Join(strings.Fields(strings.ReplaceAll(rpc[1], "//", "")), " ")
		for _, sentence := range errorsOf.FindAllStringSubmatch(comment, -1) {
			all[rpc[2]] = append(all[rpc[2]], all[sentence[1]]...)
			all[rpc[2]] = append(all[rpc[2]], reasonName.FindAllString(sentence[2], -1)...)
		}
	}
	return all
}

// TestDocumentedErrorsHaveCases checks that for each error the schema names at an RPC, some case file has that RPC end in it.
func TestDocumentedErrorsHaveCases(t *testing.T) {
	t.Parallel()
	shown := map[string]bool{} // "LinkLead VENDOR_ID_TAKEN"
	for _, path := range caseFiles(t) {
		c := readCase(t, path)
		for _, s := range c.steps {
			rpc, ok := strings.CutPrefix(s.action, "LeadService.")
			if !ok || s.want < 0 {
				continue
			}
			for _, reason := range reasonName.FindAllString(string(c.archive.Files[s.want].Data), -1) {
				shown[rpc+" "+reason] = true
			}
		}
	}
	documented := documentedErrors(t)
	for rpc, reasons := range documented {
		for _, reason := range reasons {
			if !shown[rpc+" "+reason] && !slices.Contains(notYet, reason) {
				t.Errorf("no case file shows %s ending in %s", rpc, reason)
			}
		}
	}
	for _, rpc := range []string{"CreateLead", "StopConversation", "DeferConversation", "ListVendorLeads"} {
		if len(documented[rpc]) < 3 {
			t.Errorf("the schema was misread: %s has the errors %v", rpc, documented[rpc])
		}
	}
}
