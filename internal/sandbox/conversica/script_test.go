package conversica_test

import (
	"encoding/json"
	"net/http/httptest"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/leadmux/leadmux/internal/sandbox/conversica"
)

// play plays a turn and returns the lead.
func (r *rig) play(p conversica.Play) conversica.Lead {
	r.t.Helper()
	lead, err := r.emu.Play(p)
	if err != nil {
		r.t.Fatal(err)
	}
	return lead
}

// bodies are the callbacks so far, each as JSON behind its kind.
func (r *rig) bodies() []string {
	r.t.Helper()
	all, err := r.emu.Callbacks()
	if err != nil {
		r.t.Fatal(err)
	}
	var texts []string
	for _, c := range all {
		raw, _ := json.Marshal(c.Body)
		texts = append(texts, c.Kind+" "+string(raw))
	}
	return texts
}

// The whole script, with each callback it makes: partial, with the vendor's dates.
func TestScript(t *testing.T) {
	dir := t.TempDir()
	t.Run("first life", func(t *testing.T) {
		r := newRig(t, dir)
		r.post(lead(map[string]any{"clientId": "tenant-88"}))
		for i := range 5 {
			r.offset.Store(int64(time.Duration(i+1) * time.Hour))
			p := conversica.Play{ID: "lead-1"}
			if i == 3 {
				p.DiscoveredPhone, p.DiscoveredEmail = "4155550199", "ada@home.example.com"
			}
			r.play(p)
		}
	})
	r := newRig(t, dir) // the place in the script is durable
	r.offset.Store(int64(6 * time.Hour))
	l := r.play(conversica.Play{ID: "lead-1", Text: "Still there?", Subject: "Hello"})
	if l.State.ConversationStage != conversica.StageConversicaStopped || l.Turn != 7 {
		t.Errorf("after the script = %+v", l)
	}
	const head = `"apiVersion":"7.2","clientId":"tenant-88"`
	const id = `"id":"lead-1"`
	want := []string{
		`lead {` + head + `,"conversationStage":"Preparing Lead","conversationStageDate":"2026-03-04T12:00:00+00:00","conversationStatus":"Preparing Lead","conversationStatusDate":"2026-03-04T12:00:00+00:00","dateAdded":"2026-03-04T12:00:00+00:00",` + id + `}`,
		`lead {` + head + `,"conversationStatus":"First Message Schedule","conversationStatusDate":"2026-03-04T13:00:00+00:00",` + id + `}`,
		`message {"action":"sent",` + head[:len(`"apiVersion":"7.2"`)] + `,"body":"Hello, shall I find a time for you?","clientId":"tenant-88","date":"2026-03-04T14:00:00+00:00",` + id + `,"subject":"Your question"}`,
		`lead {` + head + `,"conversationStage":"Messaging","conversationStageDate":"2026-03-04T14:00:00+00:00","conversationStatus":"Sent Message","conversationStatusDate":"2026-03-04T14:00:00+00:00","firstMessageDate":"2026-03-04T14:00:00+00:00",` + id + `,"lastMessageDate":"2026-03-04T14:00:00+00:00"}`,
		`message {"action":"received",` + head[:len(`"apiVersion":"7.2"`)] + `,"body":"Yes please.","clientId":"tenant-88","date":"2026-03-04T15:00:00+00:00",` + id + `,"subject":"Re: Your question"}`,
		`lead {` + head + `,"conversationStatus":"Received Response","conversationStatusDate":"2026-03-04T15:00:00+00:00",` + id + `,"lastResponseDate":"2026-03-04T15:00:00+00:00"}`,
		`lead {` + head + `,"discoveredEmail1":"ada@home.example.com","discoveredPhone1":"4155550199","hotLead":true,"hotLeadDate":"2026-03-04T16:00:00+00:00",` + id + `,"leadStatus":"Hot Lead","leadStatusDate":"2026-03-04T16:00:00+00:00"}`,
		`message {"action":"sent",` + head[:len(`"apiVersion":"7.2"`)] + `,"body":"Did my colleague reach you?","clientId":"tenant-88","date":"2026-03-04T17:00:00+00:00",` + id + `,"subject":"Your question"}`,
		`lead {` + head + `,"conversationStatus":"Sent Message","conversationStatusDate":"2026-03-04T17:00:00+00:00",` + id + `,"lastMessageDate":"2026-03-04T17:00:00+00:00"}`,
		`lead {` + head + `,"conversationStage":"Conversica Stopped","conversationStageDate":"2026-03-04T18:00:00+00:00","conversationStatus":"Conversation Complete","conversationStatusDate":"2026-03-04T18:00:00+00:00",` + id + `,"leadStatus":"Satisfied","leadStatusDate":"2026-03-04T18:00:00+00:00"}`,
	}
	got := r.bodies()
	for i := range max(len(got), len(want)) {
		if i >= len(got) || i >= len(want) || got[i] != want[i] {
			t.Errorf("callback %d:\n got %v\nwant %v", i, slices.Concat(got, []string{"-"})[min(i, len(got))], slices.Concat(want, []string{"-"})[min(i, len(want))])
		}
	}
	if _, err := r.emu.Play(conversica.Play{ID: "lead-1"}); err == nil || !strings.Contains(err.Error(), "name a state") {
		t.Errorf("after the end: %v", err)
	}
}

// Every state that can be named, from a conversation under way.
func TestNamedStates(t *testing.T) {
	type want struct{ stage, status, lead, keys string }
	const going, sent = "Messaging", "Sent Message"
	for name, w := range map[string]want{
		"out_of_office":     {going, "Out of Office", "", ""},
		"checking_back":     {going, "Checking Back Later", "", ""},
		"message_scheduled": {going, "Message Scheduled", "", ""},
		"listening":         {"Conversica Stopped", "Listening", "", ""},
		"pause_exceeded":    {"Conversica Stopped", "Pause Limit Exceeded", "", ""},
		"marked_sold":       {"Conversica Stopped", "Marked Sold", "", ""},
		"system_stopped":    {"Conversica Stopped", "System Stopped", "", ""},
		"excluded":          {"Excluded", "Excluded (Rule)", "", ""},
		"no_rep":            {"Unworkable", "No Rep Assignment", "", ""},
		"bounced":           {"Unworkable", "Bounced", "", ""},
		"manager_stopped":   {"Client Stopped", "Manager Stopped", "", ""},
		"rep_stopped":       {"Client Stopped", "Rep Stopped", "", ""},
		"spam":              {"Lead Stopped", "Marked Spam", "", ""},
		"left_company":      {"Lead Stopped", "No Longer at Company", "", ""},
		"unsubscribed":      {"Lead Stopped", "Unsubscribed", "", `"doNotEmail":true`},
		"requested_stop":    {"Lead Stopped", "Lead Requested Stop", "", `"smsOptOut":true`},
		"sms_opt_in":        {going, sent, "", `"smsOptIn":true`},
		"sms_opt_out":       {going, sent, "", `"smsOptOut":true`},
		"at_risk":           {going, sent, "", `"leadAtRisk":true,"leadAtRiskDate":"2026-03-04T13:00:00+00:00"`},
		"action_required":   {going, sent, "Lead to Review", `"actionRequired":true`},
		"further_action":    {going, sent, "Further Action", ""},
		"disqualified":      {going, sent, "Disqualified", ""},
		"no_further_action": {going, sent, "No Further Action", ""},
		"rating_cleared":    {going, sent, "None", ""},
		"hot":               {going, sent, "Hot Lead", `"hotLead":true`},
		"complete":          {"Conversica Stopped", "Conversation Complete", "Satisfied", ""},
	} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t, t.TempDir())
			r.post(lead(nil))
			r.play(conversica.Play{ID: "lead-1", State: "messaged"})
			r.offset.Store(int64(time.Hour))
			l := r.play(conversica.Play{ID: "lead-1", State: name})
			if s := l.State; s.ConversationStage != w.stage || s.ConversationStatus != w.status || s.LeadStatus != w.lead {
				t.Errorf("state = %+v", s)
			}
			if all := r.bodies(); !strings.Contains(all[len(all)-1], w.keys) {
				t.Errorf("callback = %s, want %s", all[len(all)-1], w.keys)
			}
		})
	}
}

// What a post brings about: no message is ever sent without a control call.
func TestEffectsOfPosts(t *testing.T) {
	r := newRig(t, t.TempDir())
	state := func(change map[string]any, stage, status string) {
		t.Helper()
		r.post(lead(change))
		for _, l := range r.leads() {
			if change["id"] == nil && l.ID != "lead-1" || change["id"] != nil && l.ID != change["id"] {
				continue
			}
			if l.State.ConversationStage != stage || l.State.ConversationStatus != status {
				t.Errorf("after %v = %s, %s, want %s, %s", change, l.State.ConversationStage, l.State.ConversationStatus, stage, status)
			}
		}
	}
	state(nil, "Preparing Lead", "Preparing Lead")
	state(map[string]any{"skipToFollowup": true}, "Messaging", "Message Scheduled")
	state(map[string]any{"skipToFollowup": true}, "Messaging", "Message Scheduled")
	state(map[string]any{"stopMessaging": true}, "Client Stopped", "CRM Stopped")
	if _, err := r.emu.Play(conversica.Play{ID: "lead-1", State: "messaged"}); err == nil || !strings.Contains(err.Error(), "cannot follow on Client Stopped, CRM Stopped") {
		t.Errorf("a message after the stop: %v", err)
	}
	state(map[string]any{"skipToFollowup": true}, "Client Stopped", "CRM Stopped")
	state(nil, "Client Stopped", "CRM Stopped")
	state(map[string]any{"stopMessaging": false}, "Preparing Lead", "Preparing Lead")
	state(map[string]any{"optOut": true, "smsOptOut": true}, "Lead Stopped", "Do Not Email")
	state(map[string]any{"stopMessaging": false}, "Lead Stopped", "Do Not Email")
	state(map[string]any{"id": "lead-2"}, "Unworkable", "Duplicate (Internal)")
	state(map[string]any{"id": "lead-3", "email": "nobody"}, "Unworkable", "Malformed Email")
	state(map[string]any{"id": "lead-4", "clientId": "another"}, "Preparing Lead", "Preparing Lead")
	for _, body := range r.bodies() {
		if strings.HasPrefix(body, "message") {
			t.Errorf("a message nobody asked for: %s", body)
		}
	}
}

// A lead that is only listened to comes back by replying, and by nothing else.
func TestListening(t *testing.T) {
	r := newRig(t, t.TempDir())
	r.post(lead(nil))
	r.play(conversica.Play{ID: "lead-1", State: "listening"})
	if _, err := r.emu.Play(conversica.Play{ID: "lead-1", State: "messaged"}); err == nil {
		t.Error("the assistant wrote to a lead it only listens to")
	}
	if l := r.play(conversica.Play{ID: "lead-1", State: "replied", Text: "I am back"}); l.State.ConversationStage != conversica.StageMessaging {
		t.Errorf("state = %+v", l.State)
	}
	if all := r.bodies(); !strings.Contains(all[len(all)-2], `"body":"I am back"`) {
		t.Errorf("callbacks = %v", all)
	}
}

func TestOddStates(t *testing.T) {
	r := newRig(t, t.TempDir())
	r.set(`{"version71":true}`)
	r.post(lead(nil))
	r.play(conversica.Play{ID: "lead-1", State: "replied"})
	l := r.play(conversica.Play{
		ID: "lead-1", State: "discovered", DiscoveredPhone: "1", DiscoveredEmail: "a@example.com",
		ConversationStage: "Dreaming", ConversationStatus: "Of Sheep", LeadStatus: "Drowsy",
	})
	if l.State.ConversationStage != "Dreaming" || l.State.ConversationStatus != "Of Sheep" || l.State.LeadStatus != "Drowsy" {
		t.Errorf("state = %+v", l.State)
	}
	for _, phone := range []string{"1", "2", "3"} {
		l = r.play(conversica.Play{ID: "lead-1", State: "discovered", DiscoveredPhone: phone})
	}
	if l.State.DiscoveredPhone1 != "1" || l.State.DiscoveredPhone2 != "3" {
		t.Errorf("discovered = %+v", l.State)
	}
	all := r.bodies()
	if !strings.Contains(all[1], `"leadId":"lead-1"`) || !strings.Contains(all[2], `"id":"lead-1"`) || !strings.Contains(all[2], `"apiVersion":"7.1"`) {
		t.Errorf("callbacks = %v", all)
	}
}

func TestScriptOverControl(t *testing.T) {
	r := newRig(t, t.TempDir())
	r.post(lead(map[string]any{"clientId": "a"}))
	r.post(lead(map[string]any{"clientId": "b"}))
	control := httptest.NewServer(r.emu.Control())
	defer control.Close()
	r.url = control.URL
	for body, says := range map[string]string{
		`{"id":"lead-1"}`: "2 clients have a lead",
		`{"id":"lead-9"}`: "no lead has the id",
		`{"id":"lead-1","clientId":"a","state":"x"}`:              `unknown state \"x\"; allowed: action_required,`,
		`{"id":"lead-1","clientId":"a","stage":"x"}`:              `unknown key \"stage\"; allowed: id,`,
		`{"id":"lead-1","clientId":"a","state":"requested_stop"}`: `"conversationStatus":"Lead Requested Stop"`,
	} {
		if _, answer := r.do("POST", "/script", "", body); !strings.Contains(answer, says) {
			t.Errorf("%s = %s, want %s", body, answer, says)
		}
	}
	var records struct {
		Records map[string][]conversica.Callback `json:"records"`
	}
	_, answer := r.do("GET", "/records?kind=callback", "", "")
	if err := json.Unmarshal([]byte(answer), &records); err != nil || len(records.Records["callback"]) != 4 {
		t.Fatalf("%v %s", err, answer)
	}
	if all, err := r.emu.Callbacks(); err != nil || !reflect.DeepEqual(all, records.Records["callback"]) {
		t.Errorf("%v: %v, want %v", err, records.Records["callback"], all)
	}
}
