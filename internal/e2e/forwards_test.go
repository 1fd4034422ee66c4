package e2e_test

import (
	"context"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"

	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"

	leadmuxv1 "github.com/leadmux/leadmux/gen/leadmux/v1"
	"github.com/leadmux/leadmux/internal/adapters/adaptertest"
	"github.com/leadmux/leadmux/internal/adapters/vendorhttp"
	"github.com/leadmux/leadmux/internal/e2e/harness"
)

const forwardFixtures = "../adapters/ujet/testdata/forward"

// TestForwards plays the adapter's fixtures of RPCs that go to the vendor as they are, through the real service and over both
// transports: the requests taken by hand from the documents are what arrives at the vendor, its answer is the golden reply, and where
// an ID of a lead, call or chat stands, it is ours on one side and the vendor's on the other.
func TestForwards(t *testing.T) {
	t.Parallel()
	for _, via := range harness.Vias() {
		t.Run(string(via), func(t *testing.T) {
			t.Parallel()
			p := forwardPlay{env: suite.Start(t, harness.Options{}), via: via, ours: map[string]string{}, vendor: &switched{}}
			p.env.Vendors.Get(harness.UJET).Become(t, p.vendor)
			for _, f := range adaptertest.Forwards(t, forwardFixtures) {
				if f.Config == nil && !recorded(t, f) && !strings.Contains(string(f.Request), "pageToken") { // a page token of ours is sealed
					t.Run(f.Name, func(t *testing.T) { p.play(t, f.WithoutCredentials()) })
				}
			}
		})
	}
}

// recorded says whether the RPC's reply is the call or chat as it is kept here, which knows more than one answer of the vendor's.
func recorded(t *testing.T, f adaptertest.Forward) bool {
	t.Helper()
	service := f.Method(t).Parent().Name()
	return service == "CallService" || service == "ChatService"
}

// forwardPlay is one run of the service over one transport.
type forwardPlay struct {
	env  *harness.Env
	via  harness.Via
	ours map[string]string // our IDs by the vendor's, as earlier replies showed them
	// vendor answers in the place of the emulator.
	vendor *switched
}

// switched is a handler that becomes another one while its connections live on.
type switched struct{ now atomic.Pointer[http.Handler] }

func (s *switched) to(h http.Handler) { s.now.Store(&h) }

// ServeHTTP lets the handler of the moment answer.
func (s *switched) ServeHTTP(w http.ResponseWriter, r *http.Request) { (*s.now.Load()).ServeHTTP(w, r) }

func (p forwardPlay) play(t *testing.T, f adaptertest.Forward) {
	t.Helper()
	p.vendor.to(f.Vendor(t))
	method := f.Method(t)
	request := adaptertest.Message(t, method.Input(), f.Request)
	request.ProtoReflect().Set(method.Input().Fields().ByName("account"), protoreflect.ValueOfString(harness.UJET))
	for _, id := range idsIn(request.ProtoReflect()) {
		if p.ours[id.value] == "" {
			t.Fatalf("no reply so far has shown the vendor's ID %q", id.value)
		}
		id.set(p.ours[id.value])
	}
	body, err := protojson.Marshal(request)
	if err != nil {
		t.Fatal(err)
	}
	name := string(method.Parent().Name()) + "." + f.RPC
	answer, err := p.env.Server.Do(context.Background(), harness.Call{Via: p.via, Method: name, Body: string(body)})
	if err != nil {
		t.Fatal(err)
	}
	if f.Error != nil {
		p.refused(t, f, answer)
		return
	}
	if answer.Code != codes.OK {
		t.Fatalf("%v %s", answer.Code, answer.Body)
	}
	got, want := adaptertest.Message(t, method.Output(), answer.Body), adaptertest.Message(t, method.Output(), f.Reply)
	p.learn(t, got.ProtoReflect(), want.ProtoReflect())
	if next := method.Output().Fields().ByName("next_page_token"); next != nil && got.ProtoReflect().Has(next) {
		got.ProtoReflect().Set(next, want.ProtoReflect().Get(next))
	}
	if !proto.Equal(got, want) {
		t.Errorf("reply\n got %s\nwant %s", protojson.Format(got), protojson.Format(want))
	}
}

// refused checks an error: its fields are ours.
func (p forwardPlay) refused(t *testing.T, f adaptertest.Forward, answer harness.Answer) {
	t.Helper()
	if answer.Code == codes.OK || answer.Reason() == "" {
		t.Fatalf("%v %s", answer.Code, answer.Body)
	}
	var fields []string
	for _, d := range answer.Refusal().Details {
		for _, v := range d.FieldViolations {
			fields = append(fields, v.Field)
		}
	}
	if got, want := strings.Join(fields, " "), strings.Join(f.Fields(), " "); got != want {
		t.Errorf("the error names %q, want %q: %s", got, want, answer.Body)
	}
}

// learn puts the vendor's IDs in place of ours, so that the reply can be compared, and remembers ours.
func (p forwardPlay) learn(t *testing.T, got, want protoreflect.Message) {
	t.Helper()
	ours, theirs := idsIn(got), idsIn(want)
	if len(ours) != len(theirs) {
		t.Fatalf("%d IDs in the reply, want %d", len(ours), len(theirs))
	}
	for i, id := range ours {
		if prefix := map[leadmuxv1.IdKind]string{1: "lead_", 2: "call_", 3: "chat_"}[id.kind]; !strings.HasPrefix(id.value, prefix) {
			t.Errorf("%q is no ID of ours", id.value)
		}
		p.ours[theirs[i].value] = id.value
		id.set(theirs[i].value)
	}
}

// idIn is a field that holds an ID of a lead, call or chat.
type idIn struct {
	kind  leadmuxv1.IdKind
	value string
	set   func(string)
}

// idsIn are all of them in a message, in the order of the schema.
func idsIn(m protoreflect.Message) []idIn {
	var all []idIn
	for i := range m.Descriptor().Fields().Len() {
		f := m.Descriptor().Fields().Get(i)
		kind := vendorhttp.KindOf(f)
		switch {
		case !m.Has(f) || f.IsMap():
		case kind != 0 && f.IsList():
			list := m.Get(f).List()
			for i := range list.Len() {
				all = append(all, idIn{kind, list.Get(i).String(), func(id string) { list.Set(i, protoreflect.ValueOfString(id)) }})
			}
		case kind != 0:
			all = append(all, idIn{kind, m.Get(f).String(), func(id string) { m.Set(f, protoreflect.ValueOfString(id)) }})
		case f.Message() != nil && f.IsList():
			for i := range m.Get(f).List().Len() {
				all = append(all, idsIn(m.Get(f).List().Get(i).Message())...)
			}
		case f.Message() != nil:
			all = append(all, idsIn(m.Get(f).Message())...)
		}
	}
	return all
}
