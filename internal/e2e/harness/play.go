package harness

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/leadmux/leadmux/internal/sandbox/convertalk"
	"github.com/leadmux/leadmux/internal/sandbox/verse"
)

// Happens lets something happen to a conversation at Verse.
func (v *Vendor) Happens(tb testing.TB, what verse.Activity) {
	tb.Helper()
	emulator, ok := v.emulator.(*verse.Emulator)
	if !ok {
		tb.Fatalf("%s is not Verse", v.Name)
	}
	_, err := emulator.Happen(what)
	must(tb, err)
}

// Visit lets a visitor act at Convertalk, as its widget would, and returns the uuid of the record, with a count that of the last.
func (v *Vendor) Visit(tb testing.TB, visitor convertalk.Visitor) string {
	tb.Helper()
	visited, err := v.convertalk(tb).Visit(visitor)
	must(tb, err)
	return visited.UUID
}

// Listen lets Verse tell the service of all that happens to its leads, from now on.
func (e *Env) Listen(tb testing.TB) {
	tb.Helper()
	emulator, ok := e.Vendors.Get(Verse).emulator.(*verse.Emulator)
	if !ok {
		tb.Fatal("Verse is not Verse")
	}
	must(tb, emulator.Listen(verse.DefaultAccount, "http://"+e.Server.HTTP+"/webhooks/"+Verse+"/"+HookToken, HookBearer))
}

// Agent lets an agent work at Convertalk.
func (v *Vendor) Agent(tb testing.TB, action convertalk.Action) {
	tb.Helper()
	_, err := v.convertalk(tb).Act(action)
	must(tb, err)
}

func (v *Vendor) convertalk(tb testing.TB) *convertalk.Emulator {
	tb.Helper()
	e, ok := v.emulator.(*convertalk.Emulator)
	if !ok {
		tb.Fatalf("%s has no visitors", v.Name)
	}
	return e
}

// All are the IDs of the vendor's records, with the e-mail addresses of each.
func (v *Vendor) All(tb testing.TB) map[string]string {
	tb.Helper()
	records, err := v.records()
	must(tb, err)
	all := make(map[string]string, len(records))
	for _, r := range records {
		all[r.ID] = r.Email
	}
	return all
}

// Play makes a control call of the emulator, as /sandbox/ has them.
func (v *Vendor) Play(tb testing.TB, path, body string) {
	tb.Helper()
	answer := httptest.NewRecorder()
	v.emulator.Control().ServeHTTP(answer, httptest.NewRequestWithContext(tb.Context(), http.MethodPost, path, strings.NewReader(body)))
	if answer.Code != http.StatusOK {
		tb.Fatalf("%s %s: %d %s", v.Name, path, answer.Code, answer.Body)
	}
}
