package idmaptest

import (
	"errors"

	"github.com/leadmux/leadmux/internal/idmap"
)

var unbindTests = []contractTest{
	{"an untied vendor ID leads nowhere, in neither direction, also after reopening", func(f *fixture) {
		lead := leadOf()
		id := lead.GetLeadId()
		f.update(putLeads(acme, lead))
		f.update(bind(acme, leadRef(west, "v1"), id))
		f.update(bind(acme, leadRef(east, "v1"), id))
		f.update(unbind(acme, leadRef(west, "v1")))
		for range 2 {
			f.wantOwner(acme, leadRef(west, "v1"), "")
			f.wantBindings(acme, id, leadRef(east, "v1"))
			f.reopen()
		}
		f.update(unbind(acme, leadRef(east, "v1")))
		f.wantBindings(acme, id)
		if n := f.sound().Bindings; n != 0 {
			f.Fatalf("%d bindings stayed", n)
		}
	}},
	{"untying touches no other vendor ID, account, kind or tenant", func(f *fixture) {
		lead := leadOf()
		id := lead.GetLeadId()
		call := idmap.VendorRef{Account: west, Kind: idmap.KindCall, VendorID: "v1"}
		f.update(putLeads(acme, lead))
		f.update(putLeads("other", lead))
		f.update(bind("other", leadRef(west, "v1"), id))
		for _, ref := range []idmap.VendorRef{call, leadRef(west, "v"), leadRef(west, "v1"), leadRef(west, "v11"), leadRef("wes", "tv1")} {
			f.update(bind(acme, ref, id))
		}
		f.update(unbind(acme, leadRef(west, "v1")))
		f.wantBindings(acme, id, leadRef("wes", "tv1"), leadRef(west, "v"), leadRef(west, "v11"), call)
		f.wantOwner(acme, leadRef(west, "v1"), "")
		for _, ref := range []idmap.VendorRef{call, leadRef(west, "v"), leadRef(west, "v11"), leadRef("wes", "tv1")} {
			f.wantOwner(acme, ref, id)
		}
		f.wantOwner("other", leadRef(west, "v1"), id)
		f.wantBindings("other", id, leadRef(west, "v1"))
	}},
	{"untying what is not tied is no error and changes nothing", func(f *fixture) {
		lead := leadOf()
		f.update(unbind("nobody", leadRef(west, "v1")))
		f.update(putLeads(acme, lead))
		f.update(unbind(acme, leadRef(west, "v1")))
		f.update(bind(acme, leadRef(west, "v1"), lead.GetLeadId()))
		for _, ref := range []idmap.VendorRef{{}, {Account: west}, {Account: west, Kind: idmap.KindLead}, leadRef(west, "v2"), leadRef("", "v1")} {
			f.update(unbind(acme, ref))
		}
		f.wantBindings(acme, lead.GetLeadId(), leadRef(west, "v1"))
		for range 2 {
			f.update(unbind(acme, leadRef(west, "v1")))
		}
		f.wantBindings(acme, lead.GetLeadId())
	}},
	{"an untied vendor ID can be bound to another, also in the same transaction", func(f *fixture) {
		first, second := leadOf(), leadOf()
		ref := leadRef(west, "v1")
		f.update(putLeads(acme, first, second))
		f.update(bind(acme, ref, first.GetLeadId()))
		f.refused(idmap.ErrBound, bind(acme, ref, second.GetLeadId()))
		f.update(func(tx idmap.Tx) error {
			return errors.Join(tx.Unbind(acme, ref), tx.Bind(acme, ref, second.GetLeadId()))
		})
		f.wantOwner(acme, ref, second.GetLeadId())
		f.wantBindings(acme, first.GetLeadId())
		f.wantBindings(acme, second.GetLeadId(), ref)
		f.refused(idmap.ErrBound, bind(acme, ref, first.GetLeadId()))
		f.update(unbind(acme, ref))
		f.update(bind(acme, ref, first.GetLeadId()))
		f.wantOwner(acme, ref, first.GetLeadId())
	}},
	{"a transaction sees what it untied, and an error ties it again", func(f *fixture) {
		lead := leadOf()
		ref := leadRef(west, "v1")
		undo := errors.New("undo")
		f.update(putLeads(acme, lead))
		f.update(bind(acme, ref, lead.GetLeadId()))
		f.refused(undo, func(tx idmap.Tx) error {
			errUnbind := tx.Unbind(acme, ref)
			_, errOwner := tx.Owner(acme, ref)
			if errUnbind != nil || !errors.Is(errOwner, idmap.ErrNotFound) {
				return errors.Join(errUnbind, errOwner, errors.New("still tied within the transaction"))
			}
			refs, err := tx.Bindings(acme, lead.GetLeadId())
			if err := errors.Join(err, sameValues("bindings within the transaction", refs, nil)); err != nil {
				return err
			}
			return undo
		})
		f.wantOwner(acme, ref, lead.GetLeadId())
		f.wantBindings(acme, lead.GetLeadId(), ref)
	}},
}

func unbind(tenant string, ref idmap.VendorRef) func(tx idmap.Tx) error {
	return func(tx idmap.Tx) error { return tx.Unbind(tenant, ref) }
}
