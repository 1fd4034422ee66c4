package boltmap

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"go.etcd.io/bbolt"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	storev1 "github.com/leadmux/leadmux/gen/leadmux/store/v1"
	leadmuxv1 "github.com/leadmux/leadmux/gen/leadmux/v1"
	"github.com/leadmux/leadmux/internal/idmap"
)

// sample stores two leads of a tenant, the first with one of everything.
func sample(t *testing.T, s *Store) (first, second string) {
	t.Helper()
	a, b := canaryLead(), canaryLead()
	b.ExternalId = "other"
	first, second = a.GetLeadId(), b.GetLeadId()
	if err := s.Update(context.Background(), func(tx idmap.Tx) error {
		return errors.Join(tx.PutLead("acme", a), tx.PutLead("acme", b),
			tx.Bind("acme", idmap.VendorRef{Account: "west", Kind: idmap.KindLead, VendorID: "vendor-one"}, first),
			tx.PutRequest("acme", "CreateLead", "r1", idmap.Request{LeadID: first, ExpireTime: epochs}, epochs.AddDate(-1, 0, 0)),
			tx.PutOperation("acme", operation("op_1", first, leadmuxv1.OperationState_OPERATION_STATE_QUEUED)),
			tx.PutOperation("acme", operation("op_2", first, leadmuxv1.OperationState_OPERATION_STATE_STARTED)),
			tx.PutOperation("acme", operation("op_3", first, leadmuxv1.OperationState_OPERATION_STATE_BLOCKED)),
			tx.AppendEvent("acme", &leadmuxv1.Event{EventId: "evt_1", LeadId: first}),
			tx.AppendEvent("acme", &leadmuxv1.Event{EventId: "evt_2"}),
			tx.PutSuppression("acme", &leadmuxv1.Suppression{SuppressionId: "sup_1", Evidence: "said so", LeadIds: []string{first}},
				[]idmap.PersonKey{{Kind: idmap.PersonPhone, Value: "+14155550101"}}))
	}); err != nil {
		t.Fatal(err)
	}
	return first, second
}

// operation makes an operation of account west.
func operation(id, leadID string, state leadmuxv1.OperationState) *leadmuxv1.Operation {
	return &leadmuxv1.Operation{OperationId: id, LeadId: leadID, Account: "west", State: state}
}

func TestP5VerifyCountsASoundIndex(t *testing.T) {
	cfg := Config{Dir: t.TempDir(), Secret: newSecret(t, 1)}
	s := openStore(t, cfg)
	sample(t, s)
	check := func(report idmap.Report, err error) {
		t.Helper()
		got := [...]int{report.Leads, report.Bindings, report.Requests, report.Operations, report.Events, report.Suppressions, len(report.Problems)}
		if want := [...]int{2, 1, 1, 3, 2, 1, 0}; err != nil || got != want {
			t.Errorf("got %v, %v, want %v: %q", got, err, want, report.Problems)
		}
	}
	check(s.Verify(context.Background()))
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	check(VerifyDir(context.Background(), cfg))
}

func TestVerifyStopsWithItsCaller(t *testing.T) {
	s := openStore(t, Config{Dir: t.TempDir(), Secret: newSecret(t, 1)})
	sample(t, s)
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := s.Verify(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}

// harm is a change that no transaction makes, and what Verify should say of it.
type harm struct {
	name string
	do   func(w writer, first, second string) error
	says []string
}

// firstRow is the first key of a bucket.
func firstRow(w writer, name bucketName) []byte {
	k, _ := w.bucket("acme", name).Cursor().First()
	return k
}

func dropFirst(name bucketName) func(writer, string, string) error {
	return func(w writer, _, _ string) error { return w.delete("acme", name, firstRow(w, name)) }
}

func flipEnd(name bucketName) func(writer, string, string) error {
	return func(w writer, _, _ string) error {
		k, v := w.bucket("acme", name).Cursor().First()
		v = append([]byte(nil), v...)
		v[len(v)/2] ^= 1
		return w.put("acme", name, append([]byte(nil), k...), v)
	}
}

var harms = []harm{
	{"lead changed", flipEnd(leadsBucket), []string{"damaged"}},
	{"operation changed", flipEnd(operationsBucket), []string{"operation op_1 is damaged"}},
	{"event changed", flipEnd(eventsBucket), []string{"an event is damaged"}},
	{"suppression lost", dropFirst(suppressionsBucket), []string{"leads to suppression sup_1, which is not there"}},
	{"suppressed row lost", dropFirst(suppressedBucket), []string{"sup_1 does not hold for one of the persons in it"}},
	{"suppressed row of another", func(w writer, _, _ string) error {
		p := w.s.person("acme", idmap.PersonKey{Kind: idmap.PersonEmail, Value: "ann@example.com"})
		return w.put("acme", suppressedBucket, append(p, "sup_1"...), []byte{})
	}, []string{"leads to suppression sup_1, which is not about that person"}},
	{"suppressed row cut off", func(w writer, _, _ string) error {
		return w.put("acme", suppressedBucket, []byte{1}, []byte{})
	}, []string{"a row of the suppressed is damaged"}},
	{"suppression moved", func(w writer, _, _ string) error {
		return w.put("acme", suppressionsBucket, []byte("sup_9"), append([]byte(nil), w.get("acme", suppressionsBucket, []byte("sup_1"))...))
	}, []string{"suppression sup_9 has another ID inside", "suppression sup_9 is damaged"}},
	{"lead lost", dropFirst(leadsBucket), []string{
		"a look-up row leads to lead", "is bound to lead", "a request key belongs to lead", "operation op_1 belongs to lead", "event evt_1 belongs to lead",
	}},
	{"lead moved", func(w writer, first, second string) error {
		v := w.get("acme", leadsBucket, []byte(first))
		return w.put("acme", leadsBucket, []byte(second), append([]byte(nil), v...))
	}, []string{"is damaged"}},
	{"operation lost", dropFirst(operationsBucket), []string{"leads to operation op_1, which is not there"}},
	{"operation moved", func(w writer, _, _ string) error {
		return w.put("acme", operationsBucket, []byte("op_9"), append([]byte(nil), w.get("acme", operationsBucket, []byte("op_1"))...))
	}, []string{"operation op_9 is damaged"}},
	{"look-up lost", dropFirst(lookupsBucket), []string{"cannot be found by one of its look-ups"}},
	{"look-up of another", func(w writer, _, second string) error {
		lookup := w.s.lookup("acme", idmap.LeadKey{Kind: idmap.KeyExternalID, Value: "canary-7711"})
		return w.put("acme", lookupsBucket, lookupRow(lookup, second), []byte{})
	}, []string{"which has no such value", "has the external ID of another lead"}},
	{"owner lost", dropFirst(ownersBucket), []string{"does not lead back to it"}},
	{"owner of another", func(w writer, _, second string) error {
		return w.put("acme", ownersBucket, append([]byte(nil), firstRow(w, ownersBucket)...), []byte(second))
	}, []string{"does not lead back to it", "which is not bound to it"}},
	{"binding lost", dropFirst(bindingsBucket), []string{"which is not bound to it"}},
	{"request lost", dropFirst(requestsBucket), []string{"an expiry belongs to no request key"}},
	{"expiry lost", dropFirst(expiriesBucket), []string{"never expires"}},
	{"due row lost", func(w writer, _, _ string) error {
		return w.delete("acme", openBucket, firstWith(w.bucket("acme", openBucket), []byte{dueRow}))
	}, []string{"operation op_1 is OPERATION_STATE_QUEUED and would never be looked at again", "account west holds 0 operations and is counted as 1"}},
	{"age row lost", func(w writer, _, _ string) error {
		return w.delete("acme", openBucket, firstWith(w.bucket("acme", openBucket), []byte{acceptedRow}))
	}, []string{"operation op_1 is OPERATION_STATE_QUEUED and would never be looked at again"}},
	{"started row lost", func(w writer, _, _ string) error {
		return w.delete("acme", openBucket, firstWith(w.bucket("acme", openBucket), []byte{startedRow}))
	}, []string{"operation op_2 is OPERATION_STATE_STARTED and would never be looked at again"}},
	{"started row of a queued one", func(w writer, _, _ string) error {
		return w.put("acme", openBucket, append([]byte{startedRow}, "op_1"...), []byte{})
	}, []string{"leads to operation op_1, which is in another state"}},
	{"count wrong", func(w writer, _, _ string) error { return w.count("acme", queueRow(depthRow, "west", interactive), 1) }, []string{"holds 1 operations and is counted as 2"}},
	{"count lost", func(w writer, _, _ string) error { return w.count("acme", queueRow(depthRow, "west", interactive), -1) }, []string{"holds 1 operations and is counted as 0"}},
	{"count of nothing", func(w writer, _, _ string) error {
		return w.count("acme", queueRow(depthRow, "east", interactive), 1)
	}, []string{"account east holds 0 operations and is counted as 1"}},
	{"log counter behind", func(w writer, _, _ string) error {
		return w.bucket("acme", eventsBucket).SetSequence(1)
	}, []string{"event evt_2 is ahead of the log's counter"}},
	{"listed by what it is not", func(w writer, first, _ string) error {
		record, err := w.leadRecord("acme", first)
		if err != nil {
			return err
		}
		key, err := w.s.keys.get(record.GetKeyId())
		if err != nil {
			return err
		}
		lead, err := w.openLead("acme", first, record)
		if err != nil {
			return err
		}
		value, err := sealLead(record.GetKeyId(), key, lead, &storev1.LeadRecord{UpdateTime: record.GetUpdateTime(), Engagements: record.GetEngagements()}, place(leadPlace, "acme", first))
		if err != nil {
			return err
		}
		return w.put("acme", leadsBucket, []byte(first), value)
	}, []string{"the look-ups of lead"}},
	{"time in clear is another", func(w writer, first, _ string) error {
		record, err := w.leadRecord("acme", first)
		if err != nil {
			return err
		}
		record.UpdateTime = timestamppb.New(epochs)
		value, err := proto.Marshal(record)
		if err != nil {
			return err
		}
		return w.put("acme", leadsBucket, []byte(first), value)
	}, []string{"is listed by a time or an engagement that it does not have"}},
}

func TestP5VerifyFindsHarm(t *testing.T) {
	for _, h := range slices.Concat(harms, leadRowHarms, journalHarms, outgoingHarms) {
		t.Run(h.name, func(t *testing.T) {
			s := openStore(t, Config{Dir: t.TempDir(), Secret: newSecret(t, 1)})
			first, second := sample(t, s)
			if err := s.index.Update(func(btx *bbolt.Tx) error { return h.do(writer{reader{s: s, btx: btx}}, first, second) }); err != nil {
				t.Fatal(err)
			}
			report, err := s.Verify(context.Background())
			if err != nil {
				t.Fatal(err)
			}
			text := strings.Join(report.Problems, "\n")
			for _, want := range h.says {
				if !strings.Contains(text, want) {
					t.Errorf("%q is not among the problems:\n%s", want, text)
				}
			}
			for _, c := range append(canaries, "vendor-one", "canary-url", "canary-secret") {
				if strings.Contains(text, c) {
					t.Errorf("%q is in the problems:\n%s", c, text)
				}
			}
		})
	}
}

// TestVerifyDirFindsBrokenPages overwrites one page after another and wants a report or an error, never a clean bill or a crash.
func TestVerifyDirFindsBrokenPages(t *testing.T) {
	cfg := Config{Dir: t.TempDir(), Secret: newSecret(t, 1)}
	s, err := Open(cfg)
	if err != nil {
		t.Fatal(err)
	}
	addLeads(t, s, 200)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(cfg.Dir, IndexFile)
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	size := os.Getpagesize()
	caught := 0
	used := len(strings.TrimRight(string(whole), "\x00"))/size + 1
	for page := 2; page < used; page++ {
		broken := append([]byte(nil), whole[:used*size]...)
		for i := range 64 {
			broken[page*size+8+i] ^= 0x55
		}
		if err := os.WriteFile(path, broken, 0o600); err != nil {
			t.Fatal(err)
		}
		if report, err := VerifyDir(context.Background(), cfg); err != nil || len(report.Problems) > 0 {
			caught++
		}
	}
	if caught < 10 { // the rest are free pages: breaking one harms nothing
		t.Errorf("%d of %d broken pages were caught", caught, used)
	}
}
