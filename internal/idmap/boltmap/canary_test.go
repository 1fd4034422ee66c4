package boltmap

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"testing"

	"google.golang.org/protobuf/types/known/timestamppb"

	leadmuxv1 "github.com/leadmux/leadmux/gen/leadmux/v1"
	"github.com/leadmux/leadmux/internal/idmap"
	"github.com/leadmux/leadmux/internal/typeid"
)

// canaries are the values of canaryLead, its operation, event and request that must not be readable in a file.
var canaries = []string{
	"Canaria", "Serinus", "canary-7711", "canary@example.com", "Canary@Example.com", "+14155550177", "4155550177", "+14155550178",
	"+14155550179", "Birdcage Walk", "sings at dawn", "canary-note", "canary-owner", "canary-attribute", "canary-picture",
	"canary-request", "canary-additional", "canary-reason", "canary-vendor-request",
}

func canaryLead() *leadmuxv1.Lead {
	now := timestamppb.Now()
	return &leadmuxv1.Lead{
		LeadId: typeid.New(typeid.Lead), ExternalId: "canary-7711", FirstName: "Canaria", LastName: "Serinus", Email: "Canary@Example.com",
		Phone: "+14155550177", HomePhone: "+14155550178", WorkPhone: "+14155550179", Picture: "https://example.com/canary-picture",
		Address: &leadmuxv1.Address{Street: "1 Birdcage Walk"}, Comment: "sings at dawn",
		Notes: []*leadmuxv1.Note{{Title: "canary-note"}}, Owner: &leadmuxv1.Owner{LastName: "canary-owner"},
		Attributes: map[string]string{"k": "canary-attribute"}, CreateTime: now, UpdateTime: now,
	}
}

func TestP24FilesShowNoPerson(t *testing.T) {
	cfg := Config{Dir: t.TempDir(), Secret: newSecret(t, 1)}
	s := openStore(t, cfg)
	lead := canaryLead()
	id := lead.GetLeadId()
	for _, state := range []leadmuxv1.OperationState{6, 1, 2, 3} {
		if err := s.Update(context.Background(), func(tx idmap.Tx) error {
			lead.Comment += "."
			return errors.Join(tx.PutLead("acme", lead),
				tx.PutOperation("acme", &leadmuxv1.Operation{
					OperationId: "op_1", LeadId: id, Account: "west", State: state, Reason: "canary-reason",
					Attempts:      []*leadmuxv1.Attempt{{VendorRequestId: "canary-vendor-request"}},
					VendorOptions: &leadmuxv1.VendorOptions{Verse: &leadmuxv1.VerseOptions{AdditionalNote: "canary-additional"}},
				}),
				tx.AppendEvent("acme", &leadmuxv1.Event{EventId: "evt_1", LeadId: id, Detail: &leadmuxv1.Event_EngagementChanged{
					EngagementChanged: &leadmuxv1.EngagementChanged{Reason: "canary-reason"},
				}}))
		}); err != nil {
			t.Fatal(err)
		}
	}
	claim, now := idmap.Request{LeadID: id, ExpireTime: epochs}, epochs.AddDate(-1, 0, 0)
	if err := s.Update(context.Background(), func(tx idmap.Tx) error {
		return errors.Join(tx.Bind("acme", idmap.VendorRef{Account: "west", Kind: idmap.KindLead, VendorID: "v1"}, id),
			tx.PutRequest("acme", "CreateLead", "canary-request", claim, now))
	}); err != nil {
		t.Fatal(err)
	}
	noCanaries(t, cfg.Dir, id)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	noCanaries(t, cfg.Dir, id)
}

// noCanaries searches every file for the canaries. It must find the lead's ID, or it does not look where the data is.
func noCanaries(t *testing.T, dir, leadID string) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil || len(entries) != 2 {
		t.Fatalf("%v, %v", entries, err)
	}
	seen := false
	for _, e := range entries {
		content, err := os.ReadFile(filepath.Join(dir, e.Name()))
		if err != nil {
			t.Fatal(err)
		}
		seen = seen || bytes.Contains(content, []byte(leadID))
		for _, c := range canaries {
			if bytes.Contains(content, []byte(c)) {
				t.Errorf("%s holds %q", e.Name(), c)
			}
		}
	}
	if !seen {
		t.Error("no file holds the lead's ID")
	}
}
