package delivery

import (
	"errors"
	"time"

	"google.golang.org/protobuf/proto"

	leadmuxv1 "github.com/leadmux/leadmux/gen/leadmux/v1"
	"github.com/leadmux/leadmux/internal/adapters"
	"github.com/leadmux/leadmux/internal/idmap"
	"github.com/leadmux/leadmux/internal/mutant"
)

// Telling is what a vendor told of a call or chat by itself.
type Telling struct {
	Tenant  string
	Account *adapters.Account
	// Session is the *leadmuxv1.Call or *leadmuxv1.Chat as far as the vendor told of it, with the vendor's IDs, as an answer has them.
	Session proto.Message
	// Event is to stand in the log; Told adds what it is about and what it changed.
	Event *leadmuxv1.Event
	// LeadID is the lead that the person is, as somebody found out who claims the event; empty where nobody did.
	LeadID string
}

// Told takes in what a vendor told of a call or chat by itself: one that is not known gets our ID and a record, one that is known is put
// where the vendor says, unless that is older than what is known. A write that the telling shows to have been done is settled by it.
// The event, which the caller appends, then says whose it is and what changed. nameless is our ID of what was
// nobody's until now, when its person became known; empty else. The error is idmap.ErrErased where the person was erased.
func (d *Dispatcher) Told(tx idmap.Tx, t Telling) (nameless string, err error) {
	in := &intake{d: d, tx: tx, p: Direct{Tenant: t.Tenant, Account: t.Account}, fresh: map[string]bool{}}
	shown := sessionOf(proto.Clone(t.Session))
	n := &news{intake: in, shown: shown, event: t.Event, at: t.Event.GetReceiveTime().AsTime()}
	if t.Event.GetVendorTime() != nil {
		n.at = t.Event.GetVendorTime().AsTime()
	}
	n.ref = idmap.VendorRef{Account: t.Account.Name, Kind: shown.kind(), VendorID: shown.id()}
	for _, step := range []func() error{n.find, func() error { return n.people(t.LeadID) }, n.settle, n.bind, n.take} {
		if err := step(); err != nil {
			return "", err
		}
	}
	if n.op != nil {
		err = tx.PutOperation(t.Tenant, n.op)
	}
	return n.nameless, err
}

// news is a Telling on its way into the index.
type news struct {
	*intake
	ref    idmap.VendorRef
	shown  session   // with our IDs, once people and bind have run
	at     time.Time // when it was so, by the vendor's clock
	event  *leadmuxv1.Event
	id     string  // ours; empty while there is none
	before session // as it is known; nil while it is not
	own    []idField
	// nameless is the ID of one whose person was not known before.
	nameless string
}

// find finds the record.
func (n *news) find() error {
	owner, err := n.tx.Owner(n.p.Tenant, n.ref)
	if errors.Is(err, idmap.ErrNotFound) && !errors.Is(err, idmap.ErrErased) {
		return nil
	}
	if err != nil {
		return err
	}
	n.id, n.nameless = owner, owner
	n.before, err = n.stored(n.ref.Kind, owner)
	return err
}

// people puts our IDs in place of the vendor's, but for those of the call or chat itself. Who is not known becomes a lead, as in answers.
func (n *news) people(claimed string) error {
	for _, f := range idFields(n.shown.ProtoReflect(), "") {
		if idKinds[f.kind].kind == n.ref.Kind && f.value == n.ref.VendorID {
			n.own = append(n.own, f)
			continue
		}
		id, err := n.ours(f)
		if err != nil {
			return err
		}
		f.set(id)
	}
	if claimed != "" && n.shown.GetEndUser().GetLeadId() == "" {
		n.shown.tie(claimed)
	}
	return nil
}

// bind gives the vendor's ID to ours.
func (n *news) bind() error {
	if n.id == "" {
		n.id = newSessionID(n.ref.Kind)
	}
	for _, f := range n.own {
		f.set(n.id)
	}
	return n.tx.Bind(n.p.Tenant, n.ref, n.id)
}

// take stores what was told, and completes the event.
func (n *news) take() error {
	now := newSession(n.ref.Kind, n.id, n.at)
	if n.before != nil {
		now = copyOf(n.before)
	}
	n.event.Late = n.late()
	if n.event.GetLate() {
		if leadID := n.shown.GetEndUser().GetLeadId(); leadID != "" && now.GetEndUser().GetLeadId() == "" {
			now.tie(leadID)
		}
	} else {
		n.event.Late = now.outdated(n.shown)
		overlay(now.ProtoReflect(), n.shown.ProtoReflect())
		if n.shown.GetVendorStatus() != "" {
			now.takes(n.shown, n.at)
		}
	}
	if whose(now) == "" {
		n.nameless = ""
		now.hush()
	} else if whose(n.before) != "" {
		n.nameless = ""
	}
	now.name(n.id)
	now.knownAs(n.ref.VendorID)
	return n.tellOf(now)
}

// late says whether we know of a state that is newer.
func (n *news) late() bool {
	if n.before == nil || n.shown.GetVendorStatus() == "" || mutant.LateEventMovesBack {
		return false
	}
	for _, known := range n.before.told() {
		if known != nil && n.at.Before(known.AsTime()) {
			return true
		}
	}
	return false
}

// tellOf stores the session as it is now. A step in its life becomes the event of what that changed; to anything else the change is an event
// of its own.
func (n *news) tellOf(now session) error {
	step := n.event.GetSessionChanged()
	if step == nil {
		if err := n.put(n.before, now); err != nil {
			return err
		}
	} else {
		if n.before == nil || !proto.Equal(n.before.message(), now.message()) {
			if err := n.keep(now); err != nil {
				return err
			}
		}
		n.event.Type = now.noun() + ".changed"
		if n.before == nil {
			n.event.Type = now.noun() + ".created"
		}
		now.detail(n.event, n.before, n.op, step)
	}
	n.event.LeadId = now.GetEndUser().GetLeadId()
	if n.ref.Kind == idmap.KindCall {
		n.event.CallId = n.id
	} else {
		n.event.ChatId = n.id
	}
	return nil
}
