package e2e_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"io/fs"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"google.golang.org/grpc/codes"

	leadmuxv1 "github.com/leadmux/leadmux/gen/leadmux/v1"
	"github.com/leadmux/leadmux/internal/e2e/harness"
	"github.com/leadmux/leadmux/internal/sandbox/kit"
)

// canary is a person whose every value is recognisable wherever it turns up.
func canary(n string) *leadmuxv1.Lead {
	return &leadmuxv1.Lead{
		ExternalId: "Kanarie-extern-" + n, FirstName: "Kanariafirst" + n, LastName: "Kanarialast" + n,
		Email: "Kanaria.mail" + n + "@example.com", Phone: "+1415555017" + n, HomePhone: "+1415555018" + n,
		Picture: "https://example.com/kanaria-picture" + n + ".png",
		Address: &leadmuxv1.Address{Street: "Kanariastreet " + n, City: "Kanariacity" + n, PostalCode: "KANA" + n},
		Comment: "Kanariacomment" + n, Notes: []*leadmuxv1.Note{{Title: "Kanariatitle" + n, Description: "Kanarianote" + n}},
		Owner:      &leadmuxv1.Owner{FirstName: "Kanariaowner" + n, Email: "kanaria.owner" + n + "@example.com", Phone: "+1415555019" + n},
		Attributes: map[string]string{"kanariakey" + n: "Kanariavalue" + n},
	}
}

// traces are the texts of a canary that may stand nowhere. Phones are looked for without what is written differently.
func traces(lead *leadmuxv1.Lead) []string {
	all := []string{
		lead.GetExternalId(), lead.GetFirstName(), lead.GetLastName(), lead.GetEmail(), lead.GetPicture(),
		lead.GetAddress().GetStreet(), lead.GetAddress().GetCity(), lead.GetAddress().GetPostalCode(), lead.GetComment(),
		lead.GetNotes()[0].GetTitle(), lead.GetNotes()[0].GetDescription(), lead.GetOwner().GetFirstName(), lead.GetOwner().GetEmail(),
	}
	for key, value := range lead.GetAttributes() {
		all = append(all, key, value)
	}
	for _, phone := range []string{lead.GetPhone(), lead.GetHomePhone(), lead.GetOwner().GetPhone()} {
		all = append(all, strings.TrimPrefix(phone, "+1"))
	}
	return all
}

// TestP23NoCanaryIsInAnyOutput runs everything that can go wrong, with debug logs and vendors that send back what they got, and searches all
// that the service writes, answers as an error, measures and stores for persons and secrets.
func TestP23NoCanaryIsInAnyOutput(t *testing.T) {
	t.Parallel()
	env := suite.Start(t, harness.Options{LogLevel: "debug"})
	var words []string
	for _, n := range []string{"1", "2", "3", "4", "5", "6"} {
		words = append(words, traces(canary(n))...)
	}
	words = append(words, "Kanariahook") // the URL of a subscription may hold a token
	c := canaries{env: env, words: append(words, env.Secrets()...)}

	c.goodAndBadCalls(t)
	c.echoingVendors(t)
	c.search(t, "while running")
	env.Server.Restart(t)
	c.goodAndBadCalls(t)
	env.Server.Terminate(t)
	c.searchFiles(t, "after the stop")
	c.searchOutput(t)
}

type canaries struct {
	env   *harness.Env
	words []string
}

// goodAndBadCalls makes calls of every kind with a person in them.
func (c canaries) goodAndBadCalls(t *testing.T) {
	t.Helper()
	for i, via := range harness.Vias() {
		client := c.env.Server.Client(via)
		for _, url := range []string{"http://127.0.0.1:1/Kanariahook", "http://Kanariahook@127.0.0.1:1/", "https://Kanariahook", "Kanariahook"} {
			client.Try(t, "SubscriptionService.CreateSubscription", &leadmuxv1.CreateSubscriptionRequest{Subscription: &leadmuxv1.Subscription{Url: url}})
		}
		person := canary([]string{"1", "2"}[i])
		client.Try(t, "LeadService.CreateLead", &leadmuxv1.CreateLeadRequest{Lead: person, RequestId: "canary-" + string(via)})
		client.Try(t, "LeadService.CreateLead", &leadmuxv1.CreateLeadRequest{Lead: person, RequestId: "canary-" + string(via), ValidateOnly: true})
		client.Try(t, "LeadService.CreateLead", &leadmuxv1.CreateLeadRequest{Lead: person})
		client.Try(t, "LeadService.CreateLead", &leadmuxv1.CreateLeadRequest{Lead: canary("3"), RequestId: "canary-" + string(via)})
		for _, in := range []*leadmuxv1.LookupLeadRequest{
			{Phone: person.GetPhone()}, {Email: person.GetEmail()}, {ExternalId: person.GetExternalId()}, {Email: canary("4").GetEmail()},
			{Phone: person.GetPhone(), Email: person.GetEmail()}, {Account: person.GetFirstName(), VendorLeadId: person.GetEmail()},
		} {
			client.Try(t, "LeadService.LookupLead", in)
		}
		for _, spoil := range []func(*leadmuxv1.Lead){
			func(l *leadmuxv1.Lead) { l.Phone += "x" + l.GetEmail() },
			func(l *leadmuxv1.Lead) { l.Email = l.GetFirstName() + " " + l.GetEmail() },
			func(l *leadmuxv1.Lead) { l.FirstName = strings.Repeat(l.GetFirstName(), 20) },
			func(l *leadmuxv1.Lead) { l.Picture = l.GetPhone() },
			func(l *leadmuxv1.Lead) { l.Address.CountryCode = l.GetAddress().GetCity() },
			func(l *leadmuxv1.Lead) { l.Attributes[strings.Repeat(l.GetFirstName(), 9)] = l.GetEmail() },
		} {
			bad := canary("3")
			spoil(bad)
			if answer := client.Try(t, "LeadService.CreateLead", &leadmuxv1.CreateLeadRequest{Lead: bad}); answer.Code != codes.InvalidArgument {
				t.Errorf("a bad lead over %s is answered %v", via, answer.Code)
			}
		}
	}
	c.badREST(t)
}

// badREST sends what only REST can: JSON and URLs that are wrong, with a person in them.
func (c canaries) badREST(t *testing.T) {
	t.Helper()
	person := canary("4")
	for _, request := range []struct{ method, path, body string }{
		{"POST", "/v1/leads", `{"lead": {"email": "` + person.GetEmail() + `", "phone": 14155550174}}`},
		{"POST", "/v1/leads", `{"lead": {"consent": {"sms": {"state": "` + person.GetFirstName() + `"}}}}`},
		{"POST", "/v1/leads", `{"lead": {"sourceCreateTime": "` + person.GetEmail() + `"}}`},
		{"POST", "/v1/leads", `{"wait": "` + person.GetEmail() + `"}`},
		{"POST", "/v1/leads", `{"lead": {"firstName": "` + person.GetFirstName()},
		{"POST", "/v1/leads", person.GetEmail()},
		{"GET", "/v1/leads?pageSize=" + url.QueryEscape(person.GetEmail()), ""},
		{"GET", "/v1/leads?emial=" + url.QueryEscape(person.GetEmail()), ""},
		{"GET", "/v1/leads?pageToken=" + url.QueryEscape(person.GetEmail()), ""},
		{"GET", "/v1/leads:lookup?email=" + url.QueryEscape(person.GetEmail()) + "&phone=" + url.QueryEscape(person.GetPhone()), ""},
		{"GET", "/v1/leads/" + url.PathEscape(person.GetEmail()), ""},
		{"GET", "/nowhere/" + url.PathEscape(person.GetEmail()), ""},
		{"GET", "/v1/accounts/" + url.PathEscape(person.GetEmail()), ""},
	} {
		answer, err := c.env.Server.HTTPDo(context.Background(), request.method, "http://"+c.env.Server.HTTP+request.path, []byte(request.body), harness.KeyFull)
		if err != nil {
			t.Fatal(err)
		}
		if answer.Status < 400 {
			t.Errorf("%s %s is answered %d", request.method, request.path, answer.Status)
		}
		c.none(t, "the answer to a bad "+request.method, answer.Body)
	}
}

// echoingVendors lets every vendor send back what it got, as refusal, fault, half an answer and page.
func (c canaries) echoingVendors(t *testing.T) {
	t.Helper()
	echo := `{"message": "` + strings.Join(c.words, " ") + `"}`
	client := c.env.Server.Client(harness.REST)
	for i, fault := range []kit.Fault{
		{Status: 422, Body: echo}, {Status: 400, Body: echo}, {Status: 409, Body: echo}, {Status: 500, Body: echo},
		{Status: 200, Body: "<html>" + echo, Header: map[string]string{"X-Request-Id": c.words[3]}}, {Status: 201, Body: echo, Truncate: true},
		{Status: 429, Body: echo, Header: map[string]string{"Retry-After": c.words[0]}}, {Status: 302, Header: map[string]string{"Location": "http://" + c.words[1] + ".example.com/"}},
		{Status: 404, Body: echo}, {Status: 401, Body: echo},
	} {
		for _, vendor := range allFour {
			c.env.Vendors.Get(vendor).Plan(t, fault)
		}
		person := canary("5")
		person.ExternalId += string(rune('a' + i))
		client.Try(t, "LeadService.CreateLead", &leadmuxv1.CreateLeadRequest{
			Lead: person, DuplicatePolicy: leadmuxv1.DuplicatePolicy_DUPLICATE_POLICY_ALLOW, Wait: harness.Wait(time.Second),
		})
		for _, vendor := range allFour {
			c.env.Vendors.Get(vendor).Plan(t, fault)
			c.errors(t, client.Try(t, "AccountService.TestAccount", &leadmuxv1.TestAccountRequest{Account: vendor}))
			c.env.Vendors.Get(vendor).Clear()
			client.Test(t, vendor)
		}
	}
	for _, lead := range client.List(t) {
		for _, e := range lead.GetEngagements() {
			c.none(t, "the error of an engagement", []byte(e.GetError().String()))
		}
	}
}

func (c canaries) errors(t *testing.T, answer harness.Answer) {
	t.Helper()
	c.none(t, "the answer of TestAccount", answer.Body)
}

func (c canaries) search(t *testing.T, when string) {
	t.Helper()
	measured := metrics(t, c.env)
	if !bytes.Contains(measured, []byte("leadmux_vendor_attempts_total{")) {
		t.Fatalf("metrics: %s", measured)
	}
	c.none(t, "the metrics", measured)
	c.searchFiles(t, when)
	c.searchOutput(t)
}

func metrics(t *testing.T, env *harness.Env) []byte {
	t.Helper()
	answer, err := env.Server.HTTPDo(context.Background(), http.MethodGet, "http://"+env.Server.Admin+"/metrics", nil, "")
	if err != nil || answer.Status != http.StatusOK {
		t.Fatalf("metrics: %v %s", err, answer.Body)
	}
	return answer.Body
}

func (c canaries) searchOutput(t *testing.T) {
	t.Helper()
	output := c.env.Server.Output()
	if !strings.Contains(output, `"level":"DEBUG"`) {
		t.Error("no debug line was logged, so the search proves little")
	}
	c.none(t, "what the process wrote", []byte(output))
	for _, refusal := range c.env.Server.Refusals() {
		c.none(t, "an error", refusal)
	}
}

func (c canaries) searchFiles(t *testing.T, when string) {
	t.Helper()
	files := 0
	err := filepath.WalkDir(c.env.Server.DataDir, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		raw, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		files++
		c.none(t, filepath.Base(path)+" "+when, raw)
		return nil
	})
	if err != nil || files < 2 {
		t.Fatalf("%d files in the data directory: %v", files, err)
	}
}

// none fails when any of the words stands in text, as it is, in lower case, escaped for a URL, or in base64.
func (c canaries) none(t *testing.T, where string, text []byte) {
	t.Helper()
	lower := bytes.ToLower(text)
	for _, word := range c.words {
		for form, found := range map[string]bool{
			"as it is": bytes.Contains(lower, []byte(strings.ToLower(word))),
			"escaped":  bytes.Contains(lower, []byte(strings.ToLower(url.QueryEscape(word)))),
			"base64":   bytes.Contains(text, []byte(base64.RawStdEncoding.EncodeToString([]byte(word))[:len(word)*4/3-1])),
		} {
			if found {
				t.Errorf("%s holds %q %s", where, word, form)
				return
			}
		}
	}
}
