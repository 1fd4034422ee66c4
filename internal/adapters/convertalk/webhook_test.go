package convertalk_test

import (
	"testing"

	"github.com/leadmux/leadmux/internal/adapters/adaptertest"
	"github.com/leadmux/leadmux/internal/adapters/convertalk"
)

func receiver(t testing.TB) *convertalk.Adapter {
	t.Helper()
	a, err := convertalk.New(convertalk.Config{
		Account: "site-bot", BaseURL: "http://127.0.0.1:1", Token: "t", BotID: "64a1f0c2b7e94d0012ab34cd", CustomerID: "64a1f0c2b7e94d0012ab0001",
	})
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func TestWebhooks(t *testing.T) {
	adaptertest.RunWebhooks(t, receiver(t))
	if _, ok := receiver(t).Webhook("newOrderHook"); ok {
		t.Error("orders are no leads")
	}
}

func TestP13OddDeliveriesAreKept(t *testing.T) { adaptertest.RunOddDeliveries(t, receiver(t)) }

// FuzzWebhook: whatever comes becomes events within our limits, each with a key of its own.
func FuzzWebhook(f *testing.F) {
	adaptertest.Deliveries(f)
	a := receiver(f)
	f.Fuzz(func(t *testing.T, kind string, raw []byte) { adaptertest.ReadsAnything(t, a, kind, raw) })
}
