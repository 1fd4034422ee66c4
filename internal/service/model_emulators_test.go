package service_test

import (
	"cmp"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"

	leadmuxv1 "github.com/leadmux/leadmux/gen/leadmux/v1"
	"github.com/leadmux/leadmux/internal/adapters"
	"github.com/leadmux/leadmux/internal/adapters/conversica"
	"github.com/leadmux/leadmux/internal/adapters/convertalk"
	"github.com/leadmux/leadmux/internal/adapters/ujet"
	"github.com/leadmux/leadmux/internal/adapters/vendorhttp"
	"github.com/leadmux/leadmux/internal/adapters/verse"
	conversicabox "github.com/leadmux/leadmux/internal/sandbox/conversica"
	convertalkbox "github.com/leadmux/leadmux/internal/sandbox/convertalk"
	"github.com/leadmux/leadmux/internal/sandbox/kit"
	ujetbox "github.com/leadmux/leadmux/internal/sandbox/ujet"
	versebox "github.com/leadmux/leadmux/internal/sandbox/verse"
	"github.com/leadmux/leadmux/internal/typeid"
)

// emulatedNames are the accounts of the model over the emulators.
var emulatedNames = []string{"conversica", "convertalk", "ujet", "verse"}

// emulators starts the four in a folder of their own; end closes them and removes it.
func emulators(t *testing.T) (vendors map[string]modelVendor, dir string, end func()) {
	t.Helper()
	dir, err := os.MkdirTemp("", "leadmux-model-")
	if err != nil {
		t.Fatal(err)
	}
	clock := &vendorClock{}
	all := map[string]*emulatedVendor{
		"verse": emulatedVerse(t, dir, clock), "ujet": emulatedUJET(t, dir, clock),
		"conversica": emulatedConversica(t, dir, clock), "convertalk": emulatedConvertalk(t, dir, clock),
	}
	vendors = map[string]modelVendor{}
	for name, v := range all {
		vendors[name] = v
	}
	return vendors, dir, func() {
		for _, v := range all {
			v.stop()
		}
		if err := os.RemoveAll(dir); err != nil {
			t.Error(err)
		}
	}
}

func emulatedVerse(t *testing.T, dir string, clock *vendorClock) *emulatedVendor {
	t.Helper()
	e, err := versebox.New(versebox.Config{Dir: dir, Now: clock.now})
	must(t, err)
	return emulated(t, e, versebox.BasePath, &emulatedVendor{
		kind: kind{unique: true, cannotUpdate: true}, clock: clock,
		build: func(url string, line *vendorhttp.Line) (adapters.Adapter, error) {
			return verse.New(verse.Config{Account: "verse", BaseURL: url, APIKey: versebox.DefaultKey, Line: line})
		},
		visit: func(email string) {
			r := httptest.NewRequest(http.MethodPost, versebox.BasePath+"/zapier", strings.NewReader(`{"email":"`+email+`"}`))
			r.Header.Set("X-API-KEY", versebox.DefaultKey)
			w := httptest.NewRecorder()
			e.Handler().ServeHTTP(w, r)
			if w.Code != http.StatusCreated {
				t.Errorf("a stranger is refused: %d %s", w.Code, w.Body)
			}
		},
		hold: func(on bool) { patch(t, e.Settings(), map[string]any{"hold": on}) },
		list: func() ([]entry, error) {
			leads, err := e.Leads()
			made := map[string]int{}
			var all []entry
			for _, l := range leads {
				var fields struct {
					LastName string `json:"lastName"`
				}
				if err := json.Unmarshal(l.Fields, &fields); err != nil {
					return nil, err
				}
				if l.ZapierLeadID != "" {
					made[l.ZapierLeadID]++
				}
				all = append(all, entry{
					id: l.ID, leadID: l.ZapierLeadID, email: l.Email, version: number(fields.LastName),
					live: l.State == versebox.StateActive, changed: l.CreatedTime,
				})
			}
			for i := range all {
				all[i].made = made[all[i].leadID]
			}
			return newestFirst(all), err
		},
	})
}

func emulatedUJET(t *testing.T, dir string, clock *vendorClock) *emulatedVendor {
	t.Helper()
	e, err := ujetbox.New(ujetbox.Config{Dir: dir, Now: clock.now})
	must(t, err)
	patch(t, e.Settings(), map[string]any{"ratePerSecond": 0})
	return emulated(t, e, ujetbox.BasePath, &emulatedVendor{
		kind: kind{campaigns: true}, clock: clock,
		build: func(url string, line *vendorhttp.Line) (adapters.Adapter, error) {
			return ujet.New(ujet.Config{
				Account: "ujet", BaseURL: url, Subdomain: ujetbox.DefaultSubdomain, Token: ujetbox.DefaultToken, Line: line,
			})
		},
		list: func() ([]entry, error) { return ujetEntries(e.Ledger()) },
	})
}

// ujetEntries are the end users. One runs while it is a contact of a campaign; what the vendor made to call the person are the
// contacts that ever were.
func ujetEntries(ledger *kit.Ledger) ([]entry, error) {
	var all []entry
	live, version := map[string]int{}, map[string]int{}
	err := ledger.View(func(tx *kit.Tx) error {
		err := tx.Each(ujetbox.KindContact, func(_ string, raw json.RawMessage) error {
			var c ujetbox.Contact
			if err := json.Unmarshal(raw, &c); err != nil {
				return err
			}
			live[text(c.UniqueID)]++
			version[text(c.UniqueID)] = number(text(c.Name))
			return nil
		})
		if err != nil {
			return err
		}
		return tx.Each(ujetbox.KindEndUser, func(id string, raw json.RawMessage) error {
			var u ujetbox.EndUser
			if err := json.Unmarshal(raw, &u); err != nil {
				return err
			}
			one := entry{id: id, leadID: u.Identifier, email: text(u.Email), version: number(text(u.Name))}
			if live[one.leadID] > 0 {
				one.live, one.version = true, min(one.version, version[one.leadID])
			}
			for range max(1, live[one.leadID]) { // a contact twice is a person called twice
				all = append(all, one)
			}
			return nil
		})
	})
	if err != nil {
		return nil, err
	}
	requests, err := ledger.Requests()
	made := map[string]int{}
	for _, r := range requests {
		var body struct {
			ID string `json:"external_unique_id"`
		}
		if r.Effect == kit.EffectCreated && json.Unmarshal(r.Body, &body) == nil && body.ID != "" {
			made[body.ID]++
		}
	}
	for i := range all {
		all[i].made = made[all[i].leadID]
	}
	return newestFirst(all), err
}

func emulatedConversica(t *testing.T, dir string, clock *vendorClock) *emulatedVendor {
	t.Helper()
	e, err := conversicabox.New(conversicabox.Config{Dir: dir, Now: clock.now})
	must(t, err)
	return emulated(t, e, "", &emulatedVendor{
		kind: kind{upserts: true, keepsStop: true}, clock: clock,
		build: func(url string, line *vendorhttp.Line) (adapters.Adapter, error) {
			return conversica.New(conversica.Config{
				Account: "conversica", BaseURL: url, Username: conversicabox.DefaultUsername, Password: conversicabox.DefaultPassword,
				ClientID: "model", RepName: "Robin Rep", LeadSource: "Model", Line: line,
			})
		},
		list: func() ([]entry, error) {
			leads, err := e.Leads()
			var all []entry
			for _, l := range leads {
				field := func(key string) string {
					var value string
					_ = json.Unmarshal(l.Fields[key], &value)
					return value
				}
				stage := l.State.ConversationStage
				all = append(all, entry{
					id: l.ID, leadID: l.ID, email: field("email"), version: number(field("lastName")),
					live: stage == conversicabox.StagePreparing || stage == conversicabox.StageMessaging, changed: l.CreatedTime,
					refused: stage == conversicabox.StageUnworkable,
				})
			}
			return newestFirst(all), err
		},
	})
}

func emulatedConvertalk(t *testing.T, dir string, clock *vendorClock) *emulatedVendor {
	t.Helper()
	e, err := convertalkbox.New(convertalkbox.Config{Dir: dir, Now: clock.now})
	must(t, err)
	v := &emulatedVendor{kind: kind{upserts: true, canBeRead: true}, clock: clock}
	v.build = func(url string, line *vendorhttp.Line) (adapters.Adapter, error) {
		return convertalk.New(convertalk.Config{
			Account: "convertalk", BaseURL: url, Token: convertalkbox.DefaultToken,
			BotID: convertalkbox.DefaultBotID, CustomerID: convertalkbox.DefaultCustomerID, Line: line,
		})
	}
	v.list = func() ([]entry, error) { return convertalkEntries(e.Ledger(), v.log()) }
	v.visit = func(email string) {
		_, err := e.Visit(convertalkbox.Visitor{Name: "Vi", Email: email})
		must(t, err)
	}
	v.act = func(id string, live bool) {
		status := "CLOSED"
		if live {
			status = "OPEN"
		}
		_, err := e.Act(convertalkbox.Action{UUID: id, Status: status})
		must(t, err)
	}
	return emulated(t, e, "", v)
}

// convertalkEntries are the chat users. One that an API made is the lead's whose ID it has, with another version of UUID.
func convertalkEntries(ledger *kit.Ledger, log []attempted) ([]entry, error) {
	leads := map[string]string{}
	for _, a := range log {
		id, err := typeid.UUID(typeid.Lead, a.leadID)
		if err != nil {
			return nil, err
		}
		id[6] = id[6]&0x0f | 0x40
		leads[id.String()] = a.leadID
	}
	var all []entry
	err := ledger.View(func(tx *kit.Tx) error {
		return tx.Each(convertalkbox.KindLead, func(_ string, raw json.RawMessage) error {
			var l convertalkbox.Lead
			if err := json.Unmarshal(raw, &l); err != nil {
				return err
			}
			all = append(all, entry{
				id: l.UUID, leadID: leads[l.UUID], email: l.Email, version: number(l.Name), live: l.Status != "CLOSED", changed: l.CreatedAt,
			})
			return nil
		})
	})
	return newestFirst(all), err
}

// inCampaign are the options of half of all leads that go to UJET.
func inCampaign(n int, accounts []string) *leadmuxv1.VendorOptions {
	if n%2 == 0 || len(accounts) > 0 && !slices.Contains(accounts, "ujet") {
		return nil
	}
	return &leadmuxv1.VendorOptions{Ujet: &leadmuxv1.UjetOptions{CampaignId: strconv.Itoa(1 + n%3/2)}}
}

// number is the version at the end of a name; 0 for none.
func number(name string) int {
	n, _ := strconv.Atoi(name[strings.LastIndexByte(name, ' ')+1:])
	return n
}

func text(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}

func newestFirst(all []entry) []entry {
	slices.SortStableFunc(all, func(a, b entry) int { return cmp.Or(b.changed.Compare(a.changed), cmp.Compare(b.id, a.id)) })
	return all
}

// patch changes an emulator's settings.
func patch[T any](t *testing.T, settings *kit.Settings[T], change map[string]any) {
	t.Helper()
	raw, err := json.Marshal(change)
	must(t, err)
	_, err = settings.Patch(raw)
	must(t, err)
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
