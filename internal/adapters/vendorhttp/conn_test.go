package vendorhttp

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"testing"

	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"

	leadmuxv1 "github.com/leadmux/leadmux/gen/leadmux/v1"
	"github.com/leadmux/leadmux/internal/adapters"
)

// forwarding is a Conn to a server that answers as it is told and keeps what it was asked.
type forwarding struct {
	*Conn
	status int
	header http.Header
	answer string

	asked string // method and path with query
	body  string
	drift []string
}

func newForwarding(t *testing.T) *forwarding {
	t.Helper()
	v := &forwarding{status: http.StatusOK, header: http.Header{}}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		raw, _ := io.ReadAll(r.Body)
		v.asked, v.body = r.Method+" "+r.URL.RequestURI(), string(raw)
		for name, values := range v.header {
			w.Header()[name] = values
		}
		w.WriteHeader(v.status)
		_, _ = io.WriteString(w, v.answer)
	}))
	t.Cleanup(server.Close)
	forwards := Forwards{
		"ListWaitTimes": {
			Route: Route{Method: http.MethodGet, Path: "/wait_times"}, Reply: "wait_times",
			Names: map[string]string{"wait_from": "wait[from]"},
		},
		"UpsertEndUser":           {Route: Route{Method: http.MethodPost, Path: "/end_users"}, Send: "end_user", Reply: "end_user"},
		"GetEndUser":              {Route: Route{Method: http.MethodGet, Path: "/end_users"}, Reply: "end_user", Lookup: true},
		"GetQueueOperationStatus": {Route: Route{Method: http.MethodGet, Path: "/menus/{menu_id}"}, Reply: "queue_status", Names: map[string]string{"after_hours": "after_hour|after_hours"}},
	}
	client, err := New(Config{Vendor: "ujet", Account: "support", BaseURL: server.URL, Routes: forwards.Routes()})
	if err != nil {
		t.Fatal(err)
	}
	v.Conn, err = NewConn(ConnConfig{
		Client: client, Forwards: forwards, Numbers: []string{"menu_id"}, NumericIDs: true,
		Refusal: func(a Answer) Decoded {
			var said struct{ Field string }
			_ = json.Unmarshal(a.Body, &said)
			return Decoded{Fields: []*leadmuxv1.FieldViolation{{Field: said.Field, Description: "is invalid"}}}
		},
		Drift: func(vendor, what string) { v.drift = append(v.drift, vendor+" "+what) },
	})
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// wantJSON compares a message with JSON.
func wantJSON(t *testing.T, got proto.Message, want string) {
	t.Helper()
	empty := got.ProtoReflect().New().Interface()
	if err := protojson.Unmarshal([]byte(want), empty); err != nil {
		t.Fatal(err)
	}
	if !proto.Equal(got, empty) {
		t.Errorf("got  %s\nwant %s", protojson.Format(got), protojson.Format(empty))
	}
}

func TestForwardSendsQueriesAndReadsAnArray(t *testing.T) {
	v := newForwarding(t)
	v.answer = `[{"menu_id": 11, "menu_type": "ivr_menu", "chat": 3, "voice_call": null}, {"menu_id": "12", "chat": "4"}]`
	var out leadmuxv1.ListWaitTimesResponse
	_, err := v.Forward(context.Background(), "ListWaitTimes", &leadmuxv1.ListWaitTimesRequest{
		Account: "support", Lang: "en", MenuId: "11", WaitFrom: proto.Int32(0),
	}, &out)
	if err != nil || v.asked != "GET /wait_times?lang=en&menu_id=11&wait%5Bfrom%5D=0" || v.body != "" {
		t.Fatalf("%s %s: %v", v.asked, v.body, err)
	}
	wantJSON(t, &out, `{"waitTimes": [{"menuId": "11", "menuType": "ivr_menu", "chat": 3}, {"menuId": "12", "chat": 4}]}`)
	if len(v.drift) > 0 {
		t.Errorf("drift %v", v.drift)
	}
}

func TestForwardSendsTheFieldNamedAndNothingOfOurs(t *testing.T) {
	v := newForwarding(t)
	v.answer = `{"id": 7731, "identifier": "abc", "added_since": {"x": 1}}`
	var out leadmuxv1.UpsertEndUserResponse
	came, err := v.Forward(context.Background(), "UpsertEndUser", &leadmuxv1.UpsertEndUserRequest{
		Account: "support", RequestId: "r-1", EndUser: &leadmuxv1.EndUser{Identifier: "abc", Name: "Ada <Byron>"},
	}, &out)
	if err != nil || v.asked != "POST /end_users" || v.body != `{"identifier":"abc","name":"Ada <Byron>"}` || came.HTTPStatus != http.StatusOK {
		t.Fatalf("%s %s: %v", v.asked, v.body, err)
	}
	wantJSON(t, &out, `{"endUser": {"id": "7731", "identifier": "abc"}}`)
	if !slices.Equal(v.drift, []string{"ujet key"}) {
		t.Errorf("drift %v", v.drift)
	}
}

func TestForwardedIDsAndNumbersTravelAsNumbers(t *testing.T) {
	v := newForwarding(t)
	c := v.naming(Forward{})
	e := &encoder{naming: c}
	body, err := json.Marshal(e.object((&leadmuxv1.EndUser{Id: "7731"}).ProtoReflect(), "user."))
	if err != nil || string(body) != `{"id":7731}` {
		t.Errorf("%s %v", body, err)
	}
	body, err = json.Marshal(e.object((&leadmuxv1.WaitTime{MenuId: "12"}).ProtoReflect(), "user."))
	if err != nil || string(body) != `{"menu_id":12}` {
		t.Errorf("%s %v", body, err)
	}
}

func TestForwardRefusesAValueThatIsNoNumberAndSendsNothing(t *testing.T) {
	v := newForwarding(t)
	for _, id := range []string{"x", "1.5", "007", "1e3", "9999999999999999999"} {
		_, err := v.Forward(context.Background(), "ListWaitTimes", &leadmuxv1.ListWaitTimesRequest{MenuId: id}, &leadmuxv1.ListWaitTimesResponse{})
		e, ok := errors.AsType[*adapters.Error](err)
		if !ok || e.Kind != adapters.KindInvalid || e.Fields[0].GetField() != "menu_id" || v.asked != "" {
			t.Errorf("%s: %v, asked %q", id, err, v.asked)
		}
	}
}

func TestOddValuesLeaveTheRestAsItIs(t *testing.T) {
	v := newForwarding(t)
	v.answer = `{"menu_id": 5, "lang": ["en"], "channel_type": {"no": 1}, "after_hours": "true", "over_capacity": "perhaps"}`
	var out leadmuxv1.GetQueueOperationStatusResponse
	_, err := v.Forward(context.Background(), "GetQueueOperationStatus", &leadmuxv1.GetQueueOperationStatusRequest{MenuId: "5"}, &out)
	if err != nil || v.asked != "GET /menus/5" {
		t.Fatal(v.asked, err)
	}
	wantJSON(t, &out, `{"queueStatus": {"menuId": "5", "afterHours": true}}`)
	if len(v.drift) != 3 {
		t.Errorf("drift %v", v.drift)
	}
}

func TestAnAnswerThatIsNoJSONMayHaveHadItsEffect(t *testing.T) {
	v := newForwarding(t)
	for _, answer := range []string{`{"id": 7`, `no`, `{} {}`} {
		v.answer = answer
		_, err := v.Forward(context.Background(), "UpsertEndUser", &leadmuxv1.UpsertEndUserRequest{}, &leadmuxv1.UpsertEndUserResponse{})
		e, ok := errors.AsType[*adapters.Error](err)
		if !ok || e.Kind != adapters.KindBadAnswer || !e.Ambiguous {
			t.Errorf("%s: %v", answer, err)
		}
	}
}

func TestRefusedFieldsHaveOurNames(t *testing.T) {
	v := newForwarding(t)
	v.status, v.answer = http.StatusBadRequest, `{"field": "email"}`
	_, err := v.Forward(context.Background(), "UpsertEndUser", &leadmuxv1.UpsertEndUserRequest{}, &leadmuxv1.UpsertEndUserResponse{})
	if e, ok := errors.AsType[*adapters.Error](err); !ok || len(e.Fields) != 1 || e.Fields[0].GetField() != "end_user.email" {
		t.Errorf("%v", err)
	}
	v.answer = `{"field": "<script>"}`
	_, err = v.Forward(context.Background(), "UpsertEndUser", &leadmuxv1.UpsertEndUserRequest{}, &leadmuxv1.UpsertEndUserResponse{})
	if e, ok := errors.AsType[*adapters.Error](err); !ok || len(e.Fields) != 0 {
		t.Errorf("a name that is none of ours came through: %v", err)
	}
}

func TestA404IsAboutTheObjectWhereOneIsNamed(t *testing.T) {
	v := newForwarding(t)
	v.status = http.StatusNotFound
	for rpc, want := range map[string]adapters.Kind{
		"UpsertEndUser": adapters.KindRouteUnknown, "GetEndUser": adapters.KindNotFound, "GetQueueOperationStatus": adapters.KindNotFound,
	} {
		method := adapters.MethodOf(rpc)
		request, response := messageOf(t, method.Input()), messageOf(t, method.Output())
		if field := request.ProtoReflect().Descriptor().Fields().ByName("menu_id"); field != nil {
			request = &leadmuxv1.GetQueueOperationStatusRequest{MenuId: "5"}
		}
		_, err := v.Forward(context.Background(), rpc, request, response)
		if e, ok := errors.AsType[*adapters.Error](err); !ok || e.Kind != want {
			t.Errorf("%s: %v", rpc, err)
		}
	}
}

func messageOf(t *testing.T, d protoreflect.MessageDescriptor) proto.Message {
	t.Helper()
	found, err := protoregistry.GlobalTypes.FindMessageByName(d.FullName())
	if err != nil {
		t.Fatal(err)
	}
	return found.New().Interface()
}
