package idmaptest

import (
	"errors"
	"time"

	"github.com/leadmux/leadmux/internal/idmap"
	"github.com/leadmux/leadmux/internal/typeid"
)

var inboxTests = []contractTest{
	{"what a vendor sent is kept as it came, of a lead and of nobody, also after reopening", func(f *fixture) {
		lead := leadOf()
		f.update(putLeads(acme, lead))
		ours, nobodys := deliveryOf("{\"a\":1}", false), deliveryOf("\x00not JSON", true)
		f.update(putDelivery(lead.GetLeadId(), ours))
		f.update(putDelivery("", nobodys))
		for range 2 {
			f.wantDelivery(ours)
			f.wantDelivery(nobodys)
			f.wantWaiting("", 10, nobodys)
			f.reopen()
		}
	}},
	{"a delivery of a lead that is not there is refused", func(f *fixture) {
		f.refused(idmap.ErrNotFound, putDelivery(leadOf().GetLeadId(), deliveryOf("x", false)))
	}},
	{"what waits comes the oldest first, page by page, and no longer once it is claimed", func(f *fixture) {
		first, second, third := deliveryOf("1", true), deliveryOf("2", true), deliveryOf("3", true)
		for _, d := range []idmap.Delivery{third, first, second} {
			f.update(putDelivery("", d))
		}
		f.wantWaiting("", 2, first, second)
		f.wantWaiting(second.EventID, 2, third)
		lead := leadOf()
		f.update(putLeads(acme, lead))
		second.Waiting = false
		f.update(putDelivery(lead.GetLeadId(), second))
		f.wantWaiting("", 10, first, third)
		f.wantDelivery(second)
	}},
	{"trimming forgets the oldest, as many as it may, and nothing that is younger", func(f *fixture) {
		var all []idmap.Delivery
		for i := range 4 {
			d := deliveryOf("x", i%2 == 0)
			d.ReceiveTime = at(i)
			all = append(all, d)
			f.update(putDelivery("", d))
		}
		f.wantTrimmed(at(0), 10, 0)
		f.wantTrimmed(at(3), 2, 2)
		f.wantTrimmed(at(3), 2, 1)
		f.wantWaiting("", 10)
		f.wantDelivery(all[3])
		f.view(func(r idmap.Reader) error {
			if _, err := r.Delivery(acme, all[2].EventID); !errors.Is(err, idmap.ErrNotFound) {
				f.Errorf("a forgotten delivery: %v", err)
			}
			return nil
		})
	}},
}

func deliveryOf(raw string, waiting bool) idmap.Delivery {
	return idmap.Delivery{
		EventID: typeid.New(typeid.Event), Account: west, Kind: "lead", ReceiveTime: at(1), Raw: []byte(raw), Waiting: waiting,
	}
}

func putDelivery(leadID string, d idmap.Delivery) func(tx idmap.Tx) error {
	return func(tx idmap.Tx) error { return tx.PutDelivery(acme, leadID, d) }
}

func (f *fixture) wantDelivery(want idmap.Delivery) {
	f.Helper()
	f.view(func(r idmap.Reader) error {
		got, err := r.Delivery(acme, want.EventID)
		if err != nil {
			return err
		}
		if !sameDelivery(got, want) {
			f.Errorf("got %+v, want %+v", got, want)
		}
		_, err = r.Delivery("other", want.EventID)
		if !errors.Is(err, idmap.ErrNotFound) {
			f.Errorf("another tenant sees it: %v", err)
		}
		return nil
	})
}

func (f *fixture) wantWaiting(after string, limit int, want ...idmap.Delivery) {
	f.Helper()
	f.view(func(r idmap.Reader) error {
		got, err := r.Waiting(acme, after, limit)
		if err != nil {
			return err
		}
		if len(got) != len(want) {
			f.Fatalf("%d wait, want %d", len(got), len(want))
		}
		for i := range want {
			if !sameDelivery(got[i], want[i]) {
				f.Errorf("number %d: got %+v, want %+v", i, got[i], want[i])
			}
		}
		return nil
	})
}

func (f *fixture) wantTrimmed(before time.Time, limit, want int) {
	f.Helper()
	f.update(func(tx idmap.Tx) error {
		n, err := tx.TrimDeliveries(acme, before, limit)
		if err == nil && n != want {
			f.Errorf("%d were forgotten, want %d", n, want)
		}
		return err
	})
}

func sameDelivery(a, b idmap.Delivery) bool {
	return a.EventID == b.EventID && a.Account == b.Account && a.Kind == b.Kind && a.ReceiveTime.Equal(b.ReceiveTime) &&
		string(a.Raw) == string(b.Raw) && a.Waiting == b.Waiting
}
