package idmaptest

import (
	"errors"
	"fmt"

	"github.com/leadmux/leadmux/internal/idmap"
)

var bindingTests = []contractTest{
	{"a binding is there in both directions, also after reopening", func(f *fixture) {
		lead := leadOf()
		ref := leadRef(west, "v1")
		f.update(putLeads(acme, lead))
		f.update(bind(acme, ref, lead.GetLeadId()))
		for range 2 {
			f.wantOwner(acme, ref, lead.GetLeadId())
			f.wantBindings(acme, lead.GetLeadId(), ref)
			f.reopen()
		}
		if n := f.sound().Bindings; n != 1 {
			f.Fatalf("%d bindings, want 1", n)
		}
	}},
	{"an unknown vendor ID is not found", func(f *fixture) {
		lead := leadOf()
		f.update(putLeads(acme, lead))
		f.update(bind(acme, leadRef(west, "v1"), lead.GetLeadId()))
		for _, ref := range []idmap.VendorRef{
			leadRef(west, "v"), leadRef(west, "v11"), leadRef(east, "v1"), {Account: west, Kind: idmap.KindCall, VendorID: "v1"},
		} {
			f.wantOwner(acme, ref, "")
		}
		f.wantOwner("other", leadRef(west, "v1"), "")
		f.wantBindings("other", lead.GetLeadId())
		f.wantBindings(acme, leadOf().GetLeadId())
	}},
	{"binding the same pair again changes nothing", func(f *fixture) {
		lead := leadOf()
		f.update(putLeads(acme, lead))
		for range 3 {
			f.update(bind(acme, leadRef(west, "v1"), lead.GetLeadId()))
		}
		f.wantBindings(acme, lead.GetLeadId(), leadRef(west, "v1"))
	}},
	{"a vendor ID has one owner", func(f *fixture) {
		first, second := leadOf(), leadOf()
		f.update(putLeads(acme, first, second))
		f.update(putLeads("other", second))
		f.update(bind(acme, leadRef(west, "v1"), first.GetLeadId()))
		f.refused(idmap.ErrBound, bind(acme, leadRef(west, "v1"), second.GetLeadId()))
		f.update(func(tx idmap.Tx) error { // and a refusal harms nothing beside it
			if err := tx.Bind(acme, leadRef(west, "v1"), second.GetLeadId()); !errors.Is(err, idmap.ErrBound) {
				return fmt.Errorf("got %w", err)
			}
			return tx.Bind(acme, leadRef(west, "v2"), second.GetLeadId())
		})
		f.update(bind("other", leadRef(west, "v1"), second.GetLeadId()))
		f.wantOwner(acme, leadRef(west, "v1"), first.GetLeadId())
		f.wantBindings(acme, second.GetLeadId(), leadRef(west, "v2"))
	}},
	{"one ID of ours has many vendor IDs, ordered by account, kind and vendor ID", func(f *fixture) {
		lead := leadOf()
		id := lead.GetLeadId()
		call := idmap.VendorRef{Account: west, Kind: idmap.KindCall, VendorID: "0"}
		chat := idmap.VendorRef{Account: "a-long-account-name", Kind: idmap.KindChat, VendorID: "7"}
		f.update(putLeads(acme, lead))
		for _, ref := range []idmap.VendorRef{call, leadRef(west, "v2"), chat, leadRef(east, "v9"), leadRef(west, "v10")} {
			f.update(bind(acme, ref, id))
		}
		f.wantBindings(acme, id, chat, leadRef(east, "v9"), leadRef(west, "v10"), leadRef(west, "v2"), call)
	}},
	{"parts of a binding do not run into one another", func(f *fixture) {
		short := idmap.VendorRef{Account: "a", Kind: idmap.KindChat, VendorID: "bc"}
		long := idmap.VendorRef{Account: "ab", Kind: idmap.KindChat, VendorID: "c"}
		f.update(bind(acme, short, "chat_1"))
		f.update(bind(acme, long, "chat_12"))
		f.wantOwner(acme, short, "chat_1")
		f.wantOwner(acme, long, "chat_12")
		f.wantBindings(acme, "chat_1", short)
		f.wantBindings(acme, "chat_12", long)
	}},
}

func leadRef(account, id string) idmap.VendorRef {
	return idmap.VendorRef{Account: account, Kind: idmap.KindLead, VendorID: id}
}

func bind(tenant string, ref idmap.VendorRef, id string) func(tx idmap.Tx) error {
	return func(tx idmap.Tx) error { return tx.Bind(tenant, ref, id) }
}

// wantOwner wants ref to be bound to an ID, "" for none.
func (f *fixture) wantOwner(tenant string, ref idmap.VendorRef, want string) {
	f.Helper()
	f.view(func(r idmap.Reader) error {
		got, err := r.Owner(tenant, ref)
		if want == "" && errors.Is(err, idmap.ErrNotFound) {
			return nil
		}
		if err == nil && got != want {
			err = fmt.Errorf("owner of %v: got %q, want %q", ref, got, want)
		}
		return err
	})
}

func (f *fixture) wantBindings(tenant, id string, want ...idmap.VendorRef) {
	f.Helper()
	f.view(func(r idmap.Reader) error {
		got, err := r.Bindings(tenant, id)
		return errors.Join(err, sameValues("bindings", got, want))
	})
}
