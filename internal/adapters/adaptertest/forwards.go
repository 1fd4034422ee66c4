package adaptertest

import (
	"bytes"
	"encoding/json"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"

	"github.com/leadmux/leadmux/internal/adapters"
)

// Forward is one file of testdata/forward, written by hand from a vendor's documentation: an RPC that goes to the vendor as it is.
type Forward struct {
	// Name is the file's, without its extension; it begins with the number of the vendor's operation.
	Name string `json:"-"`
	// Config is handed to the constructor, as in a fixture.
	Config map[string]string `json:"config"`
	RPC    string            `json:"rpc"`
	// Request and Reply are our messages as JSON, with the vendor's IDs of leads, calls and chats. A file is whole in its field data.
	Request   json.RawMessage `json:"request"`
	Reply     json.RawMessage `json:"reply"`
	Exchanges []exchange      `json:"exchanges"`
	// Error is what comes of it instead of a reply.
	Error *refusal `json:"error"`
}

// Forwards reads every file of a folder.
func Forwards(t *testing.T, folder string) []Forward {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(folder, "*.json"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no fixtures in %s: %v", folder, err)
	}
	all := make([]Forward, len(files))
	for i, file := range files {
		raw, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		dec := json.NewDecoder(bytes.NewReader(raw))
		dec.DisallowUnknownFields()
		if err := dec.Decode(&all[i]); err != nil {
			t.Fatalf("%s: %v", file, err)
		}
		all[i].Name = strings.TrimSuffix(filepath.Base(file), ".json")
		if (all[i].Reply == nil) == (all[i].Error == nil) {
			t.Fatalf("%s: one of reply and error is needed", file)
		}
	}
	return all
}

// Vendor expects the exchanges. At the test's end it must have had them all.
func (f Forward) Vendor(t *testing.T) http.Handler {
	t.Helper()
	vendor := &scripted{t: t, script: f.Exchanges}
	t.Cleanup(func() {
		if vendor.next != len(f.Exchanges) {
			t.Errorf("%d of %d requests arrived", vendor.next, len(f.Exchanges))
		}
	})
	return vendor
}

// WithoutCredentials leaves out what differs between accounts.
func (f Forward) WithoutCredentials() Forward {
	f.Exchanges = slices.Clone(f.Exchanges)
	for i := range f.Exchanges {
		headers := maps.Clone(f.Exchanges[i].Request.Headers)
		delete(headers, "Authorization")
		f.Exchanges[i].Request.Headers = headers
	}
	return f
}

// Fields are the fields that the error names.
func (f Forward) Fields() []string {
	if f.Error == nil {
		return nil
	}
	return f.Error.Fields
}

// Method is the RPC.
func (f Forward) Method(t *testing.T) protoreflect.MethodDescriptor {
	t.Helper()
	method := adapters.MethodOf(f.RPC)
	if method == nil {
		t.Fatalf("there is no RPC %q", f.RPC)
	}
	return method
}

// Message reads JSON as a message.
func Message(t *testing.T, d protoreflect.MessageDescriptor, raw json.RawMessage) proto.Message {
	t.Helper()
	kind, err := protoregistry.GlobalTypes.FindMessageByName(d.FullName())
	if err != nil {
		t.Fatal(err)
	}
	m := kind.New().Interface()
	if len(raw) > 0 {
		if err := protojson.Unmarshal(raw, m); err != nil {
			t.Fatal(err)
		}
	}
	return m
}

// RunForwards plays every file of a folder against an adapter, made as in RunFixtures.
func RunForwards(t *testing.T, folder string, newAdapter func(t *testing.T, baseURL string, config map[string]string) adapters.Forwarder) {
	for _, f := range Forwards(t, folder) {
		t.Run(f.Name, func(t *testing.T) {
			server := httptest.NewServer(f.Vendor(t))
			defer server.Close()
			a := newAdapter(t, server.URL, f.Config)
			method := f.Method(t)
			response := Message(t, method.Output(), nil)
			_, err := a.Forward(t.Context(), f.RPC, Message(t, method.Input(), f.Request), response)
			fixture{Error: f.Error}.compareError(t, a, err)
			if f.Error != nil {
				return
			}
			if want := Message(t, method.Output(), f.Reply); !proto.Equal(want, response) {
				t.Errorf("reply\n got %s\nwant %s", protojson.Format(response), protojson.Format(want))
			}
		})
	}
}
