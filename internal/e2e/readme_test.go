package e2e_test

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	leadmuxv1 "github.com/leadmux/leadmux/gen/leadmux/v1"
	"github.com/leadmux/leadmux/internal/e2e/harness"
)

// The README's examples are the shell blocks between these marks.
const (
	examplesBegin = "<!-- e2e:begin -->"
	examplesEnd   = "<!-- e2e:end -->"
)

var shellBlock = regexp.MustCompile("(?s)```sh\n(.*?)```")

// pasted is what a document's example must have: something of its commands, and what the text says that they show.
type pasted struct {
	command string
	shows   []string
	refused bool // one of its commands is refused, and shows how
}

// examples are those of the README.
var examples = []pasted{
	{command: `"requestId": "readme-1"`, shows: []string{`"vendorLeadId"`, `"crm-1001"`}},
	{command: "GRACE.HOPPER@example.com", shows: []string{`"crm-1001"`}},
	{command: `"validateOnly": true`, shows: []string{"[redacted]"}},
	{command: "v1/capabilities", shows: []string{`"crm-1001"`, `"ok"`, `"capabilities"`}},
	{command: "localhost:8081 list", shows: []string{"leadmux.v1.LeadService", "leadmux.v1.AccountService", "alan.turing@example.com", "crm-1001"}},
	{command: ":deferConversation", refused: true, shows: []string{
		"Hopper-Murray", "ENGAGEMENT_STATE_QUALIFIED", "ENGAGEMENT_STATE_UNQUALIFIED", `"closed"`, "3f0c8a52-9d1e-4b77-8a60-1c2d9be47a10", `"results"`, `"leads"`,
	}},
	{command: `"title\": \"Qualified Lead`, shows: []string{`"state":"qualified"`}},
	{command: "v1/events:watch", shows: []string{
		`"lead.created"`, "id: ", "data: {", "Yes, after five.", "Do not call.", `"leadUpdated":{"fields":["comment"]}`, `"leadUpdated":`,
		`"ENGAGEMENT_STATE_OPTED_OUT"`,
	}},
	{command: "sandbox/verse/faults", shows: []string{"status 503", `"requests"`}},
	{command: "OPERATION_STATE_IN_DOUBT", shows: []string{
		"ENGAGEMENT_STATE_IN_DOUBT", `"vendorRequests"`, "VENDOR_CREDENTIALS_REFUSED", `"resolutions"`, "OPERATION_STATE_SUCCEEDED",
	}},
	{command: ":optOut", shows: []string{
		"ENGAGEMENT_STATE_OPTED_OUT", `"notices"`, "VENDOR_NOTICE_STATE_ACKNOWLEDGED", "PERSON_SUPPRESSED", `"reconsents"`,
	}},
	{command: `-d '{"lead": {"phone": "12"}}'`, refused: true, shows: []string{"INVALID_FIELD", "lead.phone"}},
}

// centreExamples are those of the guide to the contact centre.
var centreExamples = []pasted{
	{command: "queues/waitTimes", shows: []string{`"menuId":"14"`, `"voiceCall":240`, `"queueStatus":{`}},
	{command: "endUsers:lookup", shows: []string{`{"endUser":{"id":"lead_`, `"crm-1001"`}},
	{command: `"requestId": "guide-1"`, shows: []string{`"CAMPAIGN_CONTACT_STATE_UPCOMING"`, `{"contacts":[`}},
	{command: "agents:updateStatuses", shows: []string{`"failedCount":1`, "Agent can't be changed from system status 'In-call'", `"Dan"`}},
	{command: "agentImports:template", shows: []string{`"new_email"`, `"JOB_STATE_CREATED"`, `"jobId":"2"`, `"agents.json"`}},
	{command: "doNotCallNumbers", refused: true, shows: []string{"numbers[0].phone_number", "cannot be combined with agent_ids"}},
}

// sandboxExamples are those of the guide to the sandbox.
var sandboxExamples = []pasted{
	{command: `"badSignature": true`, shows: []string{`"fault":"duplicate 3`, `"status":401`, `"dropped"`, "Yes please", `"lead.message"`}},
}

// TestSandboxGuide pastes the examples of the guide to the sandbox.
func TestSandboxGuide(t *testing.T) {
	t.Parallel()
	r := shell{env: suite.Start(t, harness.Options{Sandbox: true}), path: grpcurlOnPath(t)}
	r.paste(t, "../../docs/SANDBOX.md", sandboxExamples, func(*testing.T) {})
}

// webhookExamples are those of the guide to subscriptions.
var webhookExamples = []pasted{
	{command: `"requestId": "hooks-1"`, shows: []string{`"secret":"whsec_`, `"error":"the endpoint refused the connection"`}},
	{command: "edith@example.com", shows: []string{`"lead.created"`, `"WEBHOOK_DELIVERY_STATE_PENDING"`, `"pending":`, `"oldestPendingTime"`}},
	{command: ":rotateSecret", shows: []string{`"expireTime"`, `"replayed":`, "SUBSCRIPTION_DISABLED_REASON_CALLER", `"SUBSCRIPTION_STATE_ACTIVE"`}},
}

// TestREADME pastes the README's examples into a shell, in order, beside a running sandbox.
func TestREADME(t *testing.T) {
	t.Parallel()
	r := shell{env: suite.Start(t, harness.Options{Sandbox: true}), path: grpcurlOnPath(t)}
	r.paste(t, "../../README.md", examples, r.firstLead)
}

// TestContactCentreGuide does the same with the guide to the contact centre.
func TestContactCentreGuide(t *testing.T) {
	t.Parallel()
	r := shell{env: suite.Start(t, harness.Options{Sandbox: true}), path: grpcurlOnPath(t), dir: t.TempDir()}
	r.paste(t, "../../docs/CONTACT-CENTRE.md", centreExamples, func(*testing.T) {})
}

// TestWebhooksGuide does the same with the guide to subscriptions.
func TestWebhooksGuide(t *testing.T) {
	t.Parallel()
	r := shell{env: suite.Start(t, harness.Options{Sandbox: true}), path: grpcurlOnPath(t), dir: t.TempDir()}
	r.paste(t, "../../docs/WEBHOOKS.md", webhookExamples, func(*testing.T) {})
}

// paste pastes a document's examples, and calls first after the first of them.
func (s shell) paste(t *testing.T, document string, examples []pasted, first func(*testing.T)) {
	t.Helper()
	whole, err := os.ReadFile(document)
	if err != nil {
		t.Fatal(err)
	}
	_, text, begun := strings.Cut(string(whole), examplesBegin)
	text, _, ended := strings.Cut(text, examplesEnd)
	if !begun || !ended {
		t.Fatalf("%s does not mark its examples with %s and %s", document, examplesBegin, examplesEnd)
	}
	seen := 0
	for _, block := range shellBlock.FindAllStringSubmatch(text, -1) {
		out := s.run(t, block[1])
		for _, e := range examples {
			if !strings.Contains(block[1], e.command) {
				continue
			}
			seen++
			for _, promise := range e.shows {
				if !strings.Contains(out, promise) {
					t.Errorf("%s\ndoes not show %s but\n%s", block[1], promise, out)
				}
			}
			if seen == 1 {
				first(t)
			}
			if !e.refused && strings.Contains(out, "google.rpc.ErrorInfo") {
				t.Errorf("%s\nends in an error:\n%s", block[1], out)
			}
		}
	}
	if seen != len(examples) {
		t.Errorf("%d of the %d examples of %s were found", seen, len(examples), document)
	}
}

// firstLead checks what the README says of its first example: four engagements, each ACTIVE.
func (s shell) firstLead(t *testing.T) {
	t.Helper()
	client := s.env.Server.Client(harness.GRPC)
	id := client.Lookup(t, &leadmuxv1.LookupLeadRequest{ExternalId: "crm-1001"})
	client.Reaches(t, id, harness.AllActive, settled)
}

// grpcurlOnPath makes a folder with a grpcurl that is this test binary, and returns a PATH that begins with it.
func grpcurlOnPath(t *testing.T) string {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	script := fmt.Sprintf("#!/bin/sh\n%s=1 exec %q \"$@\"\n", asGrpcurl, self)
	if err := os.WriteFile(filepath.Join(dir, "grpcurl"), []byte(script), 0o755); err != nil {
		t.Fatal(err)
	}
	return dir + string(os.PathListSeparator) + os.Getenv("PATH")
}

type shell struct {
	env  *harness.Env
	path string
	dir  string // where the commands run; empty for here
}

// here puts this service's ports into commands.
func (s shell) here(commands string) string {
	return strings.NewReplacer("localhost:8080", s.env.Server.HTTP, "localhost:8081", s.env.Server.GRPC, "localhost:9091", s.env.Server.Admin).Replace(commands)
}

// run runs commands as they stand, but for the ports.
func (s shell) run(t *testing.T, commands string) string {
	t.Helper()
	commands = s.here(commands)
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, "sh", "-e")
	cmd.Dir, cmd.Stdin = s.dir, strings.NewReader(commands)
	cmd.Env = append(os.Environ(), "PATH="+s.path)
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	if err := cmd.Run(); err != nil || errs.Len() > 0 {
		t.Errorf("%s\nends with %v\n%s%s", commands, err, out.String(), errs.String())
	}
	return out.String()
}
