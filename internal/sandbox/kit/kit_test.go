package kit_test

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/leadmux/leadmux/internal/sandbox/kit"
)

// thing is the record of the toy vendor the tests wrap.
type thing struct {
	ID string `json:"id"`
}

// rig is a toy vendor that stores what is posted, with ledger and faults
// around it, on a real socket.
type rig struct {
	t      *testing.T
	ledger *kit.Ledger
	faults *kit.Faults
	url    string
}

func newRig(t *testing.T) *rig {
	t.Helper()
	r := &rig{t: t, ledger: openLedger(t, filepath.Join(t.TempDir(), "toy.db")), faults: &kit.Faults{}}
	inside := kit.Wrap(r.ledger, r.faults, time.Now, http.HandlerFunc(r.vendor))
	outside := kit.Wrap(r.ledger, r.faults, time.Now, http.NotFoundHandler())
	server := httptest.NewServer(kit.Rooted("/base", inside, outside))
	t.Cleanup(server.Close)
	r.url = server.URL
	return r
}

func (r *rig) vendor(w http.ResponseWriter, req *http.Request) {
	var in thing
	if err := json.NewDecoder(req.Body).Decode(&in); err != nil {
		kit.WriteJSON(w, http.StatusBadRequest, map[string]string{"message": "bad"})
		return
	}
	if err := r.ledger.Update(func(tx *kit.Tx) error { return tx.Put("thing", in.ID, in) }); err != nil {
		r.t.Errorf("store: %v", err)
	}
	kit.Touch(req.Context(), in.ID, kit.EffectCreated)
	w.Header().Set("X-Real", "yes")
	kit.WriteJSON(w, http.StatusCreated, in)
}

// post sends a thing; body is what could be read of the answer.
func (r *rig) post(ctx context.Context, id string) (status int, header http.Header, body string, err error) {
	r.t.Helper()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, r.url+"/base/things", strings.NewReader(`{"id":"`+id+`"}`))
	if err != nil {
		r.t.Fatal(err)
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return 0, nil, "", err
	}
	defer res.Body.Close()
	raw, err := io.ReadAll(res.Body)
	return res.StatusCode, res.Header, string(raw), err
}

// stored tells whether the toy vendor has the thing.
func (r *rig) stored(id string) bool {
	r.t.Helper()
	var found bool
	err := r.ledger.View(func(tx *kit.Tx) (err error) {
		found, err = tx.Get("thing", id, &thing{})
		return err
	})
	if err != nil {
		r.t.Fatal(err)
	}
	return found
}

// requests returns the ledger's entries.
func (r *rig) requests() []kit.Request {
	r.t.Helper()
	all, err := r.ledger.Requests()
	if err != nil {
		r.t.Fatal(err)
	}
	return all
}

func openLedger(t *testing.T, path string) *kit.Ledger {
	t.Helper()
	l, err := kit.OpenLedger(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := l.Close(); err != nil {
			t.Error(err)
		}
	})
	return l
}

// eventually waits until cond holds, for ten seconds at most.
func eventually(t *testing.T, what string, cond func() bool) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	tick := time.NewTicker(2 * time.Millisecond)
	defer tick.Stop()
	for !cond() {
		select {
		case <-tick.C:
		case <-ctx.Done():
			t.Fatalf("never happened: %s", what)
		}
	}
}

// wantErr checks that err is there and its text has all of parts.
func wantErr(t *testing.T, err error, parts ...string) {
	t.Helper()
	if err == nil {
		t.Fatal("no error")
	}
	for _, part := range parts {
		if !strings.Contains(err.Error(), part) {
			t.Errorf("error %q does not say %q", err, part)
		}
	}
}

var errRollback = errors.New("roll back")
