package e2e_test

import (
	"bytes"
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"

	"google.golang.org/protobuf/encoding/protojson"

	leadmuxv1 "github.com/leadmux/leadmux/gen/leadmux/v1"
	"github.com/leadmux/leadmux/internal/e2e/harness"
)

// printed is the block of a document that holds some text.
func printed(t *testing.T, document, language, holds string) string {
	t.Helper()
	whole, err := os.ReadFile(document)
	if err != nil {
		t.Fatal(err)
	}
	for _, block := range regexp.MustCompile("(?s)```"+language+"\n(.*?)```").FindAllStringSubmatch(string(whole), -1) {
		if strings.Contains(block[1], holds) {
			return block[1]
		}
	}
	t.Fatalf("%s prints no %s block with %s", document, language, holds)
	return ""
}

// lines collects what a command prints.
type lines struct {
	mu  sync.Mutex
	all bytes.Buffer
}

// Write implements io.Writer.
func (l *lines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.all.Write(p)
}

func (l *lines) text() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.all.String()
}

// events are the events among the whole lines so far.
func (l *lines) events(t *testing.T) (events []*leadmuxv1.Event) {
	t.Helper()
	text := l.text()
	text = text[:strings.LastIndexByte(text, '\n')+1]
	for line := range strings.Lines(text) {
		var message leadmuxv1.WatchEventsResponse
		if err := protojson.Unmarshal([]byte(line), &message); err != nil {
			t.Fatalf("%v in %q", err, line)
		}
		events = append(events, message.GetEvent())
	}
	return events
}

// beside runs commands that do not end by themselves, until the test ends.
func (s shell) beside(t *testing.T, commands string) *lines {
	t.Helper()
	out := &lines{}
	cmd := exec.CommandContext(context.Background(), "sh")
	cmd.Dir, cmd.Stdin, cmd.Stdout, cmd.Stderr = s.dir, strings.NewReader(s.here(commands)), out, out
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) // with the processes it started
		_ = cmd.Wait()
	})
	return out
}

// TestP6TheREADMEsWatcherSeesAWholeStory lets a lead go through its life as the README says, beside the watcher that it prints, and kills
// the service in the middle: created, messaged, replied, qualified at one vendor, opted out at another, told to the rest. The watcher prints
// every event once, in the order of the log.
func TestP6TheREADMEsWatcherSeesAWholeStory(t *testing.T) {
	t.Parallel()
	const readme = "../../README.md"
	env := suite.Start(t, harness.Options{Sandbox: true})
	sh, s := shell{env: env, path: grpcurlOnPath(t), dir: t.TempDir()}, sandboxRun{t: t, server: env.Server}
	seen := sh.beside(t, printed(t, readme, "bash", "Last-Event-ID"))

	sh.run(t, printed(t, readme, "sh", "Qualified Lead"))
	s.reads(seen, "lead.engagement_changed verse QUALIFIED")
	env.Server.Restart(t)
	before, err := os.ReadFile(filepath.Join(sh.dir, "cursor"))
	if err != nil || len(before) < 20 {
		t.Errorf("the watcher keeps no cursor: %q, %v", before, err)
	}
	sh.run(t, printed(t, readme, "sh", "requested_stop"))
	s.reads(seen, "lead.updated comment")

	want := []string{
		"lead.created", "lead.engagement_changed verse ACTIVE", "lead.message verse OUTBOUND", "lead.message verse INBOUND",
		"lead.engagement_changed verse QUALIFIED", "lead.message conversica INBOUND", "lead.engagement_changed conversica OPTED_OUT",
		"consent.changed DENIED", "consent.changed ujet ACKNOWLEDGED",
	}
	story := s.reads(seen, "consent.changed convertalk ACKNOWLEDGED")
	rest := slices.Clone(story)
	for _, step := range want {
		at := slices.Index(rest, step)
		if at < 0 {
			t.Fatalf("no %q in its place in\n%s", step, strings.Join(story, "\n"))
		}
		rest = rest[at+1:]
	}
	ctx, conn := over(t, env)
	log := wholeLog(ctx, t, leadmuxv1.NewEventServiceClient(conn))
	harness.Eventually(t, settled, "the watcher has it all", func() (int, bool) { return len(seen.events(t)), len(seen.events(t)) >= len(log) })
	var ids []string
	for _, e := range seen.events(t) {
		ids = append(ids, e.GetEventId())
	}
	if !slices.Equal(ids, log) {
		t.Errorf("it saw %d events, and not the %d of the log in their order", len(ids), len(log))
	}
}

// TestP6TheREADMEsWatcherSaysWhyItIsRefused: one with a cursor that is none of the log's does not wait in silence.
func TestP6TheREADMEsWatcherSaysWhyItIsRefused(t *testing.T) {
	t.Parallel()
	sh := shell{env: suite.Start(t, harness.Options{Sandbox: true}), dir: t.TempDir()}
	if err := os.WriteFile(filepath.Join(sh.dir, "cursor"), []byte("of-another-log\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	seen := sh.beside(t, printed(t, "../../README.md", "bash", "Last-Event-ID"))
	harness.Eventually(t, settled, "it says why", func() (string, bool) {
		said := seen.text()
		return said, strings.Contains(said, "CURSOR_INVALID") && strings.Contains(said, "take one that an event or a heartbeat came with")
	})
}

// reads waits until a watcher has seen a step of the story, and returns what it saw.
func (s sandboxRun) reads(seen *lines, step string) (story []string) {
	s.t.Helper()
	return harness.Eventually(s.t, settled, "the watcher sees "+step, func() ([]string, bool) {
		story = nil
		for _, e := range seen.events(s.t) {
			story = append(story, inWords(e))
		}
		return story, slices.Contains(story, step)
	})
}

// inWords is an event in a few words.
func inWords(e *leadmuxv1.Event) string {
	words := []string{e.GetType(), e.GetAccount()}
	last := func(name string) string { return name[strings.LastIndex(name, "STATE_")+len("STATE_"):] }
	switch {
	case e.GetEngagementChanged() != nil:
		words = append(words, last(e.GetEngagementChanged().GetAfter().String()))
	case e.GetMessage() != nil:
		words = append(words, strings.TrimPrefix(e.GetMessage().GetDirection().String(), "MESSAGE_DIRECTION_"))
	case e.GetConsentChanged().GetNotice() != 0:
		words = append(words, last(e.GetConsentChanged().GetNotice().String()))
	case e.GetConsentChanged() != nil:
		words = append(words, last(e.GetConsentChanged().GetState().String()))
	case e.GetLeadUpdated() != nil:
		words = append(words, e.GetLeadUpdated().GetFields()...)
	}
	return strings.Join(slices.DeleteFunc(words, func(w string) bool { return w == "" }), " ")
}
