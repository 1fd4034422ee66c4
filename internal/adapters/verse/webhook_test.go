package verse_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/leadmux/leadmux/internal/adapters/adaptertest"
	"github.com/leadmux/leadmux/internal/adapters/verse"
)

const bearer = "verse-hook-bearer-1"

func receiver(t *testing.T) *verse.Adapter {
	t.Helper()
	return newAdapter(t, verse.Config{APIKey: "verse-key-1", WebhookBearer: bearer, OptOutReasons: []string{"Do Not Contact"}})
}

func TestWebhooks(t *testing.T) { adaptertest.RunWebhooks(t, receiver(t)) }

func TestWebhookProof(t *testing.T) {
	hook, _ := receiver(t).Webhook("")
	with := func(value string) http.Header { return http.Header{"Authorization": {value}} }
	adaptertest.Forged(t, hook, with("bearer "+bearer), []byte("{}"), time.Now(), map[string]http.Header{
		"no header": {}, "no token": with("Bearer "), "another token": with("Bearer verse-hook-bearer-2"),
		"half a token": with("Bearer verse-hook"), "another scheme": with("Basic " + bearer), "no scheme": with(bearer),
	})
	if _, ok := receiver(t).Webhook("lead"); ok {
		t.Error("Verse has one kind of delivery only")
	}
	if _, ok := newAdapter(t, verse.Config{APIKey: "verse-key-1"}).Webhook(""); ok {
		t.Error("an account without a token takes deliveries")
	}
}

func TestP13OddDeliveriesAreKept(t *testing.T) { adaptertest.RunOddDeliveries(t, receiver(t)) }

// FuzzWebhook: whatever comes becomes events within our limits, each with a key of its own.
func FuzzWebhook(f *testing.F) {
	adaptertest.Deliveries(f)
	a, err := verse.New(verse.Config{Account: "west", APIKey: "k", WebhookBearer: bearer})
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, _ string, raw []byte) { adaptertest.ReadsAnything(t, a, "", raw) })
}
