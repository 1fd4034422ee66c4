package e2e_test

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"

	leadmuxv1 "github.com/leadmux/leadmux/gen/leadmux/v1"
	"github.com/leadmux/leadmux/internal/adapters"
	"github.com/leadmux/leadmux/internal/adapters/adaptertest"
	"github.com/leadmux/leadmux/internal/adapters/vendorhttp"
	"github.com/leadmux/leadmux/internal/e2e/harness"
)

const forwardFixtures = "../adapters/ujet/testdata/forward"

// TestForwards plays the adapter's fixtures of RPCs that go to the vendor as they are, through the real service and over both
// transports: the requests taken by hand from the documents are what arrives at the vendor, its answer is the golden reply, where an ID
// of a lead, call or chat stands it is ours on one side and the vendor's on the other, and every write is an operation.
func TestForwards(t *testing.T) {
	t.Parallel()
	for _, via := range harness.Vias() {
		t.Run(string(via), func(t *testing.T) {
			t.Parallel()
			p := forwardPlay{env: suite.Start(t, harness.Options{}), via: via, ours: map[string]string{}, vendor: &switched{}}
			p.env.Vendors.Get(harness.UJET).Become(t, p.vendor)
			writes, played := map[string]bool{}, map[string]bool{}
			for _, f := range adaptertest.Forwards(t, forwardFixtures) {
				if f.Config != nil || strings.Contains(string(f.Request), "pageToken") { // the account has no such secret; a page token of ours is sealed
					continue
				}
				t.Run(f.Name, func(t *testing.T) { p.play(t, f.WithoutCredentials()) })
				number, _, _ := strings.Cut(f.Name, "_")
				played[number] = true
				if len(f.Exchanges) > 0 && adapters.ClassOf(f.Method(t)) != leadmuxv1.IdempotencyClass_IDEMPOTENCY_CLASS_NO_SIDE_EFFECTS {
					writes[f.RPC] = true
				}
			}
			if len(played) != 69 {
				t.Errorf("fixtures of %d operations were played", len(played))
			}
			p.journalled(t, writes)
		})
	}
}

// journalled checks that there are operations of all these RPCs, and of no others.
func (p forwardPlay) journalled(t *testing.T, writes map[string]bool) {
	t.Helper()
	seen := map[string]bool{}
	request := &leadmuxv1.ListOperationsRequest{PageSize: 1000}
	for more := true; more; more = request.GetPageToken() != "" {
		var page leadmuxv1.ListOperationsResponse
		p.env.Server.Client(p.via).Must(t, "OperationService.ListOperations", request, &page)
		for _, op := range page.GetOperations() {
			seen[op.GetMethod()] = true
		}
		request.PageToken = page.GetNextPageToken()
	}
	if got, want := slices.Sorted(maps.Keys(seen)), slices.Sorted(maps.Keys(writes)); !slices.Equal(got, want) {
		t.Errorf("operations of %v\nwant %v", got, want)
	}
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
		id.set(p.known(t, id))
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
	p.same(t, "reply", got.ProtoReflect(), want.ProtoReflect())
	p.leaksNothing(t, got)
}

// known is our ID of a vendor's. A call or chat that no reply has shown so far is linked.
func (p forwardPlay) known(t *testing.T, id idIn) string {
	t.Helper()
	key := id.key()
	client := p.env.Server.Client(p.via)
	switch {
	case p.ours[key] != "":
	case id.kind == leadmuxv1.IdKind_ID_KIND_CALL:
		var linked leadmuxv1.LinkCallResponse
		client.Must(t, "CallService.LinkCall", &leadmuxv1.LinkCallRequest{Account: harness.UJET, VendorCallId: id.value}, &linked)
		p.ours[key] = linked.GetCall().GetCallId()
	case id.kind == leadmuxv1.IdKind_ID_KIND_CHAT:
		var linked leadmuxv1.LinkChatResponse
		client.Must(t, "ChatService.LinkChat", &leadmuxv1.LinkChatRequest{Account: harness.UJET, VendorChatId: id.value}, &linked)
		p.ours[key] = linked.GetChat().GetChatId()
	default:
		t.Fatalf("no reply so far has shown the vendor's lead %q", id.value)
	}
	return p.ours[key]
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

// same compares a reply with the golden one. IDs of leads, calls and chats are ours, always the same for one of the vendor's. A call or
// chat is shown as it is kept here, which knows more than one answer of the vendor's: what the answer says must stand there.
func (p forwardPlay) same(t *testing.T, path string, got, want protoreflect.Message) {
	t.Helper()
	fields := want.Descriptor().Fields()
	for i := range fields.Len() {
		f := fields.Get(i)
		at := path + "." + string(f.Name())
		switch {
		case got.Has(f) != want.Has(f):
			if want.Has(f) || !isRecord(got.Descriptor()) && !isRecord(f.Message()) {
				t.Errorf("%s: %v, want %v", at, got.Get(f), want.Get(f))
			}
		case !want.Has(f):
		case f.IsList() && f.Message() != nil:
			if got.Get(f).List().Len() != want.Get(f).List().Len() {
				t.Fatalf("%s: %d, want %d", at, got.Get(f).List().Len(), want.Get(f).List().Len())
			}
			for i := range want.Get(f).List().Len() {
				p.same(t, fmt.Sprintf("%s[%d]", at, i), got.Get(f).List().Get(i).Message(), want.Get(f).List().Get(i).Message())
			}
		case f.Message() != nil && !f.IsMap():
			p.same(t, at, got.Get(f).Message(), want.Get(f).Message())
		case vendorhttp.KindOf(f) != 0:
			p.ourID(t, at, got.Get(f).String(), idIn{kind: vendorhttp.KindOf(f), value: want.Get(f).String()})
		case f.Name() == "next_page_token":
			if got.Get(f).String() == want.Get(f).String() {
				t.Errorf("%s is the vendor's own", at)
			}
		case !got.Get(f).Equal(want.Get(f)):
			t.Errorf("%s: %v, want %v", at, got.Get(f), want.Get(f))
		}
	}
}

// isRecord says whether a message is a call or chat as it is kept here.
func isRecord(d protoreflect.MessageDescriptor) bool {
	return d != nil && (d.FullName() == "leadmux.v1.Call" || d.FullName() == "leadmux.v1.Chat")
}

// ourID checks an ID that stands for one of the vendor's, and remembers it.
func (p forwardPlay) ourID(t *testing.T, at, got string, theirs idIn) {
	t.Helper()
	if prefix := map[leadmuxv1.IdKind]string{1: "lead_", 2: "call_", 3: "chat_"}[theirs.kind]; !strings.HasPrefix(got, prefix) {
		t.Errorf("%s: %q is no ID of ours", at, got)
	}
	if before := p.ours[theirs.key()]; before != "" && before != got {
		t.Errorf("%s: %q for the vendor's %s, which was %q", at, got, theirs.value, before)
	}
	p.ours[theirs.key()] = got
}

// leaksNothing looks through a reply for the vendor's IDs of the leads, calls and chats that have come up: they may stand where the
// schema says that a field holds the vendor's, and nowhere else.
func (p forwardPlay) leaksNothing(t *testing.T, reply proto.Message) {
	t.Helper()
	text, err := protojson.Marshal(reply)
	if err != nil {
		t.Fatal(err)
	}
	var value any
	if err := json.Unmarshal(text, &value); err != nil {
		t.Fatal(err)
	}
	p.leaksNot(t, "reply", value)
}

func (p forwardPlay) leaksNot(t *testing.T, path string, value any) {
	t.Helper()
	switch value := value.(type) {
	case map[string]any:
		for key, member := range value {
			if !strings.HasPrefix(key, "vendor") {
				p.leaksNot(t, path+"."+key, member)
			}
		}
	case []any:
		for _, item := range value {
			p.leaksNot(t, path+"[]", item)
		}
	case string:
		for _, kind := range []leadmuxv1.IdKind{1, 2, 3} {
			if p.ours[idIn{kind: kind, value: value}.key()] != "" {
				t.Errorf("%s: the vendor's ID %q", path, value)
			}
		}
	}
}

// idIn is a field that holds an ID of a lead, call or chat.
type idIn struct {
	kind  leadmuxv1.IdKind
	value string
	set   func(string)
}

// key tells IDs of different kinds apart.
func (id idIn) key() string { return id.kind.String() + "/" + id.value }

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
