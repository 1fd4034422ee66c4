package e2e_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"path/filepath"
	"strings"
	"testing"

	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/types/descriptorpb"

	"github.com/leadmux/leadmux/internal/e2e/harness"
)

// TestCases runs every case file over REST and over gRPC against one golden answer.
func TestCases(t *testing.T) {
	t.Parallel()
	for _, path := range caseFiles(t) {
		t.Run(strings.TrimSuffix(filepath.Base(path), ".txtar"), func(t *testing.T) {
			t.Parallel()
			for _, via := range []harness.Via{harness.REST, harness.GRPC} {
				t.Run(string(via), func(t *testing.T) { runCase(t, readCase(t, path), via) })
			}
		})
	}
}

func runCase(t *testing.T, c *caseFile, via harness.Via) {
	t.Helper()
	env := suite.Start(t, harness.Options{})
	n := newNormaliser(env.Vendors)
	answers := map[string][]byte{}
	for _, s := range c.steps {
		body := fill(t, s.body, answers)
		if s.play(t, env.Vendors, body) || s.raw() && via == harness.GRPC {
			continue
		}
		answer := c.ask(t, env, s, body, via, answers)
		answers[s.name] = answer.Body
		if first := c.sameAs(s); first != "" {
			if got, want := leadOf(t, answer.Body), leadOf(t, answers[first]); got != want {
				t.Errorf("%s: step %s over %s has the lead\n%s\nand step %s\n%s", c.path, s.name, via, got, first, want)
			}
			continue
		}
		c.compare(t, s, golden(n, answer), via)
	}
	if *update && via == harness.REST {
		c.write(t)
	}
}

// ask sends a step. Over REST a read is made over every binding it has, and each must answer alike.
func (c *caseFile) ask(t *testing.T, env *harness.Env, s *step, body string, via harness.Via, answers map[string][]byte) harness.Answer {
	t.Helper()
	if s.raw() {
		return rawRequest(t, env, s, body, answers)
	}
	call := harness.Call{Via: via, Method: s.action, Body: body, Key: s.key}
	answer, err := env.Server.Do(context.Background(), call)
	if err != nil {
		t.Fatalf("%s: %v", s.name, err)
	}
	method, err := harness.Method(s.action)
	if err != nil {
		t.Fatal(err)
	}
	options, _ := method.Options().(*descriptorpb.MethodOptions)
	reads := options.GetIdempotencyLevel() == descriptorpb.MethodOptions_NO_SIDE_EFFECTS
	for call.Binding = 1; via == harness.REST && reads && call.Binding < len(harness.Bindings(method)); call.Binding++ {
		again, err := env.Server.Do(context.Background(), call)
		if err != nil {
			t.Fatalf("%s over binding %d: %v", s.name, call.Binding, err)
		}
		if got, want := golden(newNormaliser(env.Vendors), again), golden(newNormaliser(env.Vendors), answer); got != want {
			t.Errorf("%s: binding %d answers\n%s\nand binding 0\n%s", s.name, call.Binding, got, want)
		}
	}
	return answer
}

// rawRequest sends a step as it stands.
func rawRequest(t *testing.T, env *harness.Env, s *step, body string, answers map[string][]byte) harness.Answer {
	t.Helper()
	method, path, _ := strings.Cut(fill(t, s.action, answers), " ")
	var headers []string
	for strings.HasPrefix(body, "> ") {
		var line string
		line, body, _ = strings.Cut(body, "\n")
		name, value, _ := strings.Cut(strings.TrimPrefix(line, "> "), ": ")
		headers = append(headers, name, value)
	}
	key := s.key
	if key == "" {
		key = harness.KeyFull
	}
	answer, err := env.Server.HTTPDo(context.Background(), method, "http://"+env.Server.HTTP+path, []byte(strings.TrimSuffix(body, "\n")), key, headers...)
	if err != nil {
		t.Fatalf("%s: %v", s.name, err)
	}
	return answer
}

// leadOf is the lead in an answer.
func leadOf(t *testing.T, body []byte) string {
	t.Helper()
	var answer struct {
		Lead map[string]any `json:"lead"`
	}
	if err := json.Unmarshal(body, &answer); err != nil || answer.Lead == nil {
		t.Fatalf("no lead in %s", body)
	}
	raw, err := json.MarshalIndent(answer.Lead, "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	return string(raw)
}

// golden is an answer as it stands in a case file.
func golden(n *normaliser, a harness.Answer) string {
	return fmt.Sprintf("%s %d\n%s", screaming(a.Code.String()), max(a.Status, 0), n.json(a.Body))
}

// screaming is "InvalidArgument" as "INVALID_ARGUMENT".
func screaming(name string) string {
	var b strings.Builder
	for i, r := range name {
		if i > 0 && r >= 'A' && r <= 'Z' && name != "OK" {
			b.WriteByte('_')
		}
		b.WriteRune(r)
	}
	return strings.ToUpper(b.String())
}

// compare checks an answer against the golden one; over gRPC there is no HTTP status to check.
func (c *caseFile) compare(t *testing.T, s *step, got string, via harness.Via) {
	t.Helper()
	if *update && via == harness.REST {
		c.store(s, got)
		return
	}
	if s.want < 0 {
		t.Fatalf("%s: step %s has no golden answer; run the tests with -update", c.path, s.name)
	}
	want := string(c.archive.Files[s.want].Data)
	if via == harness.GRPC {
		want, got = withoutStatus(want), withoutStatus(got)
	}
	if got != want {
		t.Errorf("%s: step %s over %s\ngot\n%s\nwant\n%s", c.path, s.name, via, got, want)
	}
}

func withoutStatus(text string) string {
	head, body, _ := strings.Cut(text, "\n")
	code, _, _ := strings.Cut(head, " ")
	return code + "\n" + body
}

// TestTooLarge sends 2 MiB. Over gRPC the library itself refuses it, in its own words.
func TestTooLarge(t *testing.T) {
	t.Parallel()
	env := suite.Start(t, harness.Options{})
	body := `{"lead": {"email": "big@example.com", "comment": "` + strings.Repeat("x", 2<<20) + `"}}`
	for _, c := range []struct {
		via    harness.Via
		status int
		reason string
	}{{harness.GRPC, 0, ""}, {harness.REST, http.StatusRequestEntityTooLarge, "REQUEST_TOO_LARGE"}} {
		answer, err := env.Server.Do(context.Background(), harness.Call{Via: c.via, Method: "LeadService.CreateLead", Body: body})
		if err != nil {
			t.Fatal(err)
		}
		if answer.Code != codes.ResourceExhausted || answer.Status != c.status || answer.Reason() != c.reason {
			t.Errorf("2 MiB over %s: %v, HTTP %d, %s", c.via, answer.Code, answer.Status, answer.Body)
		}
	}
	if leads := env.Server.Client(harness.GRPC).List(t); len(leads) != 0 {
		t.Errorf("%d leads were stored", len(leads))
	}
}
