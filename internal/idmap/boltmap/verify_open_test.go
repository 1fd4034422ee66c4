package boltmap

import (
	"bytes"
	"context"
	"strings"
	"testing"

	"go.etcd.io/bbolt"

	leadmuxv1 "github.com/leadmux/leadmux/gen/leadmux/v1"
	"github.com/leadmux/leadmux/internal/idmap"
)

const interactive = leadmuxv1.Priority_PRIORITY_INTERACTIVE

// leadRowOf is the row of a lead's open operation at an account.
func leadRowOf(leadID, account, id string) []byte { return append(leadPrefix(leadID, account), id...) }

func dropLeadRow(id string) func(writer, string, string) error {
	return func(w writer, first, _ string) error {
		return w.delete("acme", openBucket, leadRowOf(first, "west", id))
	}
}

// addRow adds a row to the open bucket.
func addRow(row func(first, second string) []byte) func(writer, string, string) error {
	return func(w writer, first, second string) error {
		return w.put("acme", openBucket, row(first, second), []byte{})
	}
}

// dropLeadRows takes away every row of a lead's open operations, which is an index as it was before there were any.
func dropLeadRows(w writer, _, _ string) error {
	b := w.bucket("acme", openBucket)
	for row := firstWith(b, []byte{leadRow}); row != nil; row = firstWith(b, []byte{leadRow}) {
		if err := b.Delete(bytes.Clone(row)); err != nil {
			return err
		}
	}
	return nil
}

// leadRowHarms are the harms to the rows of open operations by lead, on top of harms.
var leadRowHarms = []harm{
	{"lead's row of a queued one lost", dropLeadRow("op_1"), []string{"operation op_1 is OPERATION_STATE_QUEUED and would"}},
	{"lead's row of a started one lost", dropLeadRow("op_2"), []string{"operation op_2 is OPERATION_STATE_STARTED and would"}},
	{"lead's row of a blocked one lost", dropLeadRow("op_3"), []string{"operation op_3 is OPERATION_STATE_BLOCKED and would"}},
	{"before there were rows of leads", dropLeadRows, []string{"operation op_1 is", "operation op_2 is", "operation op_3 is"}},
	{"row of another lead", addRow(func(_, second string) []byte { return leadRowOf(second, "west", "op_3") }), []string{
		"leads to operation op_3, which is in another state",
	}},
	{"row of another account", addRow(func(first, _ string) []byte { return leadRowOf(first, "wes", "op_3") }), []string{
		"leads to operation op_3, which is in another state",
	}},
	{"lead's row of an operation that is not there", addRow(func(first, _ string) []byte { return leadRowOf(first, "west", "op_9") }), []string{
		"leads to operation op_9, which is not there",
	}},
	{"lead's row without an operation", addRow(func(first, _ string) []byte { return leadPrefix(first, "west") }), []string{
		"leads to operation , which is not there",
	}},
	{"lead's row cut within the lead", addRow(func(first, _ string) []byte { return leadPrefix(first, "west")[:9] }), []string{"a row of a queue is damaged"}},
	{"lead's row cut behind the lead", addRow(func(first, _ string) []byte { return appendText([]byte{leadRow}, first) }), []string{"a row of a queue is damaged"}},
	{"lead's row cut within the account", addRow(func(first, _ string) []byte {
		row := leadPrefix(first, "west")
		return row[:len(row)-1]
	}), []string{"a row of a queue is damaged"}},
	{"row of an unknown kind", addRow(func(_, _ string) []byte { return []byte("x") }), []string{"a row of a queue is damaged"}},
	{"due row of a blocked one", addRow(func(_, _ string) []byte {
		return append(appendTime(queueRow(dueRow, "west", interactive), epochs), "op_3"...)
	}), []string{"leads to operation op_3, which is in another state", "account west holds 2 operations and is counted as 1"}},
	{"started row of a blocked one", addRow(func(_, _ string) []byte { return append([]byte{startedRow}, "op_3"...) }), []string{
		"leads to operation op_3, which is in another state",
	}},
}

// journalHarms are the harms to the lists of operations, on top of harms.
var journalHarms = []harm{
	{"row of a lead's list lost", func(w writer, first, _ string) error {
		return w.delete("acme", journalBucket, append(ofLead(first), "op_1"...))
	}, []string{"operation op_1 is missing in a list of operations"}},
	{"row of a state's list lost", func(w writer, _, _ string) error {
		return w.delete("acme", journalBucket, append(ofState(leadmuxv1.OperationState_OPERATION_STATE_STARTED), "op_2"...))
	}, []string{"operation op_2 is missing in a list of operations"}},
	{"row of another state", func(w writer, _, _ string) error {
		return w.put("acme", journalBucket, append(ofState(leadmuxv1.OperationState_OPERATION_STATE_FAILED), "op_2"...), []byte{})
	}, []string{"leads to operation op_2, which is another one's or in another state"}},
	{"row of no operation", func(w writer, _, _ string) error {
		return w.put("acme", journalBucket, append(ofState(leadmuxv1.OperationState_OPERATION_STATE_FAILED), "op_9"...), []byte{})
	}, []string{`leads to operation "op_9", which is not there`}},
	{"row cut", func(w writer, _, _ string) error { return w.put("acme", journalBucket, []byte{ofLeadRow}, []byte{}) }, []string{
		`leads to operation "", which is not there`,
	}},
	{"count of doubts that are none", func(w writer, _, _ string) error { return w.count("acme", doubtsOf("west"), 1) }, []string{
		"account west has 0 operations in doubt and is said to have 1",
	}},
	{"doubt that is not counted", func(w writer, _, _ string) error {
		op, err := w.Operation("acme", "op_1")
		if err != nil {
			return err
		}
		op.State = leadmuxv1.OperationState_OPERATION_STATE_IN_DOUBT
		if err := w.PutOperation("acme", op); err != nil {
			return err
		}
		return w.count("acme", doubtsOf("west"), -1)
	}, []string{"account west has 1 operations in doubt that are not counted"}},
}

// TestIndexBeforeLeadRowsIsReportedAndHeals wants each open operation of an index without rows of leads to be reported once,
// and nothing else; every other list still to be read right; and an operation that is stored again to be whole.
func TestIndexBeforeLeadRowsIsReportedAndHeals(t *testing.T) {
	cfg := Config{Dir: t.TempDir(), Secret: newSecret(t, 1)}
	s, err := Open(cfg)
	if err != nil {
		t.Fatal(err)
	}
	first, second := sample(t, s)
	if err := s.index.Update(func(btx *bbolt.Tx) error { return dropLeadRows(writer{reader{s: s, btx: btx}}, first, second) }); err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	report, err := VerifyDir(context.Background(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	wantProblems(t, report, "op_1", "op_2", "op_3")

	s = openStore(t, cfg)
	var ops []*leadmuxv1.Operation
	if err := s.View(context.Background(), func(r idmap.Reader) error {
		due, errDue := r.Due("acme", "west", epochs, 9)
		started, errStarted := r.Started()
		queue, errQueue := r.Queue("acme", "west")
		if errDue != nil || errStarted != nil || errQueue != nil || len(due) != 1 || len(started) != 1 || queue.Depth != 1 {
			t.Errorf("%d due, %d started, %d queued, want one each; %v, %v, %v", len(due), len(started), queue.Depth, errDue, errStarted, errQueue)
		}
		for _, id := range []string{"op_1", "op_2", "op_3"} {
			op, err := r.Operation("acme", id)
			if err != nil {
				return err
			}
			ops = append(ops, op)
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	for i, left := range [][]string{{"op_2", "op_3"}, {"op_3"}, nil} {
		if err := s.Update(context.Background(), func(tx idmap.Tx) error { return tx.PutOperation("acme", ops[i]) }); err != nil {
			t.Fatal(err)
		}
		report, err := s.Verify(context.Background())
		if err != nil {
			t.Fatal(err)
		}
		wantProblems(t, report, left...)
	}
}

// wantProblems wants one problem for each operation, in this order.
func wantProblems(t *testing.T, report idmap.Report, ops ...string) {
	t.Helper()
	if len(report.Problems) != len(ops) {
		t.Fatalf("%d problems, want those of %v: %q", len(report.Problems), ops, report.Problems)
	}
	for i, op := range ops {
		if !strings.Contains(report.Problems[i], "operation "+op+" is ") {
			t.Errorf("%q does not name %s", report.Problems[i], op)
		}
	}
}

// TestP5UnbindLeavesNoRow wants the file to hold neither direction of what was untied.
func TestP5UnbindLeavesNoRow(t *testing.T) {
	s := openStore(t, Config{Dir: t.TempDir(), Secret: newSecret(t, 1)})
	sample(t, s)
	ref := idmap.VendorRef{Account: "west", Kind: idmap.KindLead, VendorID: "vendor-one"}
	rows := func() (n int) {
		if err := s.view(func(btx *bbolt.Tx) error {
			r := reader{s: s, btx: btx}
			n = r.bucket("acme", ownersBucket).Stats().KeyN + r.bucket("acme", bindingsBucket).Stats().KeyN
			return nil
		}); err != nil {
			t.Fatal(err)
		}
		return n
	}
	if n := rows(); n != 2 {
		t.Fatalf("%d rows of one binding, want 2", n)
	}
	if err := s.Update(context.Background(), func(tx idmap.Tx) error { return tx.Unbind("acme", ref) }); err != nil {
		t.Fatal(err)
	}
	if n := rows(); n != 0 {
		t.Errorf("%d rows stayed", n)
	}
}
