package delivery

import (
	"errors"

	"google.golang.org/protobuf/reflect/protoreflect"

	leadmuxv1 "github.com/leadmux/leadmux/gen/leadmux/v1"
	"github.com/leadmux/leadmux/internal/idmap"
	"github.com/leadmux/leadmux/internal/typeid"
)

// intake takes what a vendor's answer shows into the index, in one transaction.
type intake struct {
	d  *Dispatcher
	tx idmap.Tx
	p  Direct
	op *leadmuxv1.Operation // the write that the answer is of; nil for a read
	// told says that an event about the operation's own call or chat was appended.
	told bool
	// fresh are the calls and chats that this answer made, by ID: one event is enough for each.
	fresh map[string]bool
}

// swap puts our IDs in place of the vendor's, makes a lead, call or chat of what is new, and stores the calls and chats as the
// answer shows them.
func (in *intake) swap(m protoreflect.Message) error {
	in.fresh = map[string]bool{}
	vendorIDs := map[string]string{} // by ours
	for _, f := range idFields(m, "") {
		id, err := in.ours(f)
		if err != nil {
			return err
		}
		vendorIDs[id] = f.value
		f.set(id)
	}
	return in.learn(m, vendorIDs)
}

// ours is our ID of what the vendor has under an ID.
func (in *intake) ours(f idField) (string, error) {
	ref := idmap.VendorRef{Account: in.p.Account.Name, Kind: idKinds[f.kind].kind, VendorID: f.value}
	owner, err := in.tx.Owner(in.p.Tenant, ref)
	if err == nil || !errors.Is(err, idmap.ErrNotFound) {
		return owner, err
	}
	if f.kind == leadmuxv1.IdKind_ID_KIND_LEAD {
		return in.newLead(ref, identifierBeside(f))
	}
	return in.newSession(ref)
}

// identifierBeside is the identifier that the vendor shows beside a person's ID; empty when it shows none.
func identifierBeside(f idField) string {
	field := f.within.Descriptor().Fields().ByName("identifier")
	if field == nil || field.Kind() != protoreflect.StringKind {
		return ""
	}
	return f.within.Get(field).String()
}

// newLead binds a person's ID to the lead whose ID the vendor keeps beside it, or makes a lead of the person.
func (in *intake) newLead(ref idmap.VendorRef, identifier string) (string, error) {
	lead, err := in.keptBy(identifier)
	if err != nil {
		return "", err
	}
	created := lead == nil
	if created {
		now := in.d.now()
		lead = &leadmuxv1.Lead{LeadId: typeid.New(typeid.Lead), CreateTime: stamp(now)}
	}
	if e := Engagement(lead, in.p.Account.Name); e == nil {
		e = OpenEngagement(lead, in.p.Account, in.d.now())
		e.VendorLeadId = ref.VendorID
		if err := move(e, active, in.d.now()); err != nil {
			return "", err
		}
	} else if e.GetState() == active && e.GetVendorLeadId() == "" {
		KnownAs(e, ref.VendorID)
	}
	Touch(lead, in.d.now())
	if err := in.tx.PutLead(in.p.Tenant, lead); err != nil {
		return "", err
	}
	if created {
		event := in.d.NewEvent("lead.created", lead)
		event.Account, event.Vendor = in.p.Account.Name, in.p.Account.Vendor
		if err := in.tx.AppendEvent(in.p.Tenant, event); err != nil {
			return "", err
		}
	}
	return lead.GetLeadId(), in.tx.Bind(in.p.Tenant, ref, lead.GetLeadId())
}

// keptBy is the lead whose ID an identifier is; nil when it is none of this tenant's.
func (in *intake) keptBy(identifier string) (*leadmuxv1.Lead, error) {
	if _, err := typeid.UUID(typeid.Lead, identifier); err != nil {
		return nil, nil //nolint:nilnil,nilerr // an identifier that is no ID of ours is no error
	}
	lead, err := in.tx.Lead(in.p.Tenant, identifier)
	if errors.Is(err, idmap.ErrNotFound) {
		return nil, nil //nolint:nilnil // another service's, or erased
	}
	return lead, err
}

// newSession makes a call or chat of one that the vendor shows for the first time.
func (in *intake) newSession(ref idmap.VendorRef) (string, error) {
	made := newSession(ref.Kind, newSessionID(ref.Kind), in.d.now())
	made.knownAs(ref.VendorID)
	if err := in.put(nil, made); err != nil {
		return "", err
	}
	in.fresh[made.id()] = true
	return made.id(), in.tx.Bind(in.p.Tenant, ref, made.id())
}
