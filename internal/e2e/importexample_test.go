package e2e_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/leadmux/leadmux/internal/e2e/harness"
	"github.com/leadmux/leadmux/internal/sandbox/kit"
)

// exampleRows is how many leads the example imports: enough to be stopped in the middle of twice.
const exampleRows = 3000

// TestImportExample runs the example client on a table, kills it in the middle, starts it again, kills the service, starts that
// again: in the end every good row is one lead here and goes to the vendor once, and every bad one is in the file of refusals.
func TestImportExample(t *testing.T) {
	t.Parallel()
	env := suite.Start(t, harness.Options{LogLevel: "warn"})
	verse := env.Vendors.Get(harness.Verse)
	verse.Down() // so that the import alone is slow
	x := newExample(t, env)
	first := x.start(t)
	x.comesTo(t, 1)
	if err := first.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = first.Wait() // it was killed
	behind := x.progress(t).Done
	second := x.start(t)
	x.comesTo(t, behind+1)
	env.Server.Kill9(t)
	env.Server.Start(t)
	if err := second.Wait(); err != nil {
		t.Fatalf("%v\n%s", err, x.screen.String())
	}
	if p := x.progress(t); p.Done != exampleRows {
		t.Errorf("progress %+v", p)
	}
	if behind == 0 || behind == exampleRows {
		t.Errorf("the client was killed at row %d, which proves little", behind)
	}
	if shown := x.screen.String(); !strings.Contains(shown, fmt.Sprintf("going on behind row %d of %d", behind, exampleRows)) ||
		!strings.Contains(shown, "the stream broke") || !strings.Contains(shown, fmt.Sprintf("] %d of %d", exampleRows, exampleRows)) {
		t.Errorf("it showed:\n%s", shown)
	}
	x.refusals(t)
	leads := env.Server.Client(harness.GRPC).List(t)
	if len(leads) != exampleRows-3 {
		t.Errorf("%d leads, want %d", len(leads), exampleRows-3)
	}
	verse.Up(t)
	env.Server.Client(harness.GRPC).Test(t, harness.Verse) // closes the breaker
	harness.Eventually(t, settled, "leads reach verse", func() (int, bool) { n := len(verse.All(t)); return n, n >= 100 })
	for id, times := range x.created(t) {
		if times > 1 {
			t.Errorf("%s was created %d times", id, times)
		}
	}
	again := x.start(t)
	if err := again.Wait(); err != nil || x.progress(t).Done != exampleRows {
		t.Errorf("a run with nothing left: %v", err)
	}
}

// example is the example client with its file.
type example struct {
	binary, file string
	env          *harness.Env
	screen       bytes.Buffer
}

func newExample(t *testing.T, env *harness.Env) *example {
	t.Helper()
	dir := t.TempDir()
	x := &example{binary: filepath.Join(dir, "importleads"), file: filepath.Join(dir, "leads.csv"), env: env}
	if out, err := exec.CommandContext(t.Context(), "go", "build", "-o", x.binary, "../../examples/importleads").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	var table strings.Builder
	table.WriteString("external_id,first_name,email,tags,address.city,attributes.plan\n")
	for n := 1; n <= exampleRows; n++ {
		switch n {
		case 10:
			table.WriteString("row-10,Ada,nowhere,,,\n")
		case 20:
			table.WriteString("row-20,Ada\n")
		case exampleRows:
			fmt.Fprintf(&table, "row-%d,%s,row%d@example.com,,,\n", n, strings.Repeat("a", 201), n)
		default:
			fmt.Fprintf(&table, "row-%d,Ada,row%d@example.com,new;web,London,gold\n", n, n)
		}
	}
	if err := os.WriteFile(x.file, []byte(table.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	return x
}

func (x *example) start(t *testing.T) *exec.Cmd {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), x.binary, "--file", x.file, "--address", x.env.Server.GRPC, "--accounts", harness.Verse)
	cmd.Env = append(os.Environ(), "LEADMUX_API_KEY="+x.env.Key(harness.KeyFull))
	cmd.Stderr = &x.screen
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	return cmd
}

type exampleProgress struct{ Done, Refused, Known int }

func (x *example) progress(t *testing.T) (p exampleProgress) {
	t.Helper()
	raw, err := os.ReadFile(x.file + ".progress")
	if err == nil {
		err = json.Unmarshal(raw, &p)
	}
	if err != nil && !os.IsNotExist(err) {
		t.Fatal(err)
	}
	return p
}

func (x *example) comesTo(t *testing.T, row int) {
	t.Helper()
	harness.Eventually(t, settled, "the import goes on", func() (int, bool) { p := x.progress(t); return p.Done, p.Done >= row })
}

// created is how often the vendor created something for each e-mail address.
func (x *example) created(t *testing.T) map[string]int {
	t.Helper()
	found := map[string]int{}
	for _, r := range x.env.Vendors.Get(harness.Verse).Requests(t) {
		var sent struct{ Email string }
		if r.Effect == kit.EffectCreated && json.Unmarshal(r.Body, &sent) == nil {
			found[sent.Email]++
		}
	}
	if len(found) < 50 {
		t.Errorf("only %d leads were looked at", len(found))
	}
	return found
}

// refusals reads the file of refusals; a row may stand there twice after a kill.
func (x *example) refusals(t *testing.T) {
	t.Helper()
	raw, err := os.ReadFile(x.file + ".refused")
	if err != nil {
		t.Fatal(err)
	}
	var found []string
	for line := range strings.Lines(string(raw)) {
		var r struct {
			Row    int
			Reason string
			Fields map[string]string
		}
		if err := json.Unmarshal([]byte(line), &r); err != nil {
			t.Fatalf("%v in %q", err, line)
		}
		text := fmt.Sprint(r.Row, " ", r.Reason)
		for field := range r.Fields {
			text += " " + field
		}
		found = append(found, text)
	}
	slices.Sort(found)
	found = slices.Compact(found)
	want := []string{"10 INVALID_FIELD lead.email", "20 UNREADABLE", fmt.Sprintf("%d INVALID_FIELD lead.first_name", exampleRows)}
	if !slices.Equal(found, want) {
		t.Errorf("refused %q, want %q", found, want)
	}
	if strings.Contains(string(raw), "nowhere") {
		t.Error("the file of refusals holds a person's value")
	}
}
