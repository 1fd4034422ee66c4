package delivery

import (
	"errors"
	"time"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	leadmuxv1 "github.com/leadmux/leadmux/gen/leadmux/v1"
	"github.com/leadmux/leadmux/internal/adapters"
	"github.com/leadmux/leadmux/internal/idmap"
	"github.com/leadmux/leadmux/internal/typeid"
)

// session is a call or a chat: the same becomes of both.
type session interface {
	proto.Message
	GetAccount() string
	GetVendorStatus() string
	GetEndUser() *leadmuxv1.SessionEndUser
	GetCreateTime() *timestamppb.Timestamp

	// message is the record itself.
	message() proto.Message
	noun() string
	kind() idmap.Kind
	id() string
	vendorID() string
	state() int32
	// name and knownAs set our ID and the vendor's, tie the person, and at whose account it is.
	name(id string)
	knownAs(vendorID string)
	tie(leadID string)
	at(account *adapters.Account, now time.Time)
	// takes puts it where from says that it is; dated is the vendor's date of that.
	takes(from session, dated time.Time)
	// told are the vendor's own dates of what it told of the state.
	told() []*timestamppb.Timestamp
	// outdated drops from a picture of it what is older than what is known, and says whether that was so.
	outdated(shown session) bool
	// hush drops what was said, which is not kept here before it is known whose words they are.
	hush()
	put(tx idmap.Tx, tenant string) error
	// detail makes an event one of it: what it is about, and what became of it.
	detail(event *leadmuxv1.Event, before session, op *leadmuxv1.Operation, step *leadmuxv1.SessionChanged)
}

// sessionOf is a message as a session; nil when it is neither call nor chat.
func sessionOf(m proto.Message) session {
	switch m := m.(type) {
	case *leadmuxv1.Call:
		return callSession{m}
	case *leadmuxv1.Chat:
		return chatSession{m}
	default:
		return nil
	}
}

// newSession is a call or chat that nothing is known of yet.
func newSession(kind idmap.Kind, id string, began time.Time) session {
	if kind == idmap.KindCall {
		return callSession{&leadmuxv1.Call{CallId: id, CreateTime: stamp(began)}}
	}
	return chatSession{&leadmuxv1.Chat{ChatId: id, CreateTime: stamp(began)}}
}

// newSessionID is a new ID of ours for a call or chat.
func newSessionID(kind idmap.Kind) string {
	if kind == idmap.KindCall {
		return typeid.New(typeid.Call)
	}
	return typeid.New(typeid.Chat)
}

// stored is a call or chat; nil when there is none under the ID.
func (in *intake) stored(kind idmap.Kind, id string) (session, error) {
	var found session
	var err error
	if kind == idmap.KindCall {
		var call *leadmuxv1.Call
		call, err = in.tx.Call(in.p.Tenant, id)
		found = callSession{call}
	} else {
		var chat *leadmuxv1.Chat
		chat, err = in.tx.Chat(in.p.Tenant, id)
		found = chatSession{chat}
	}
	if errors.Is(err, idmap.ErrNotFound) && !errors.Is(err, idmap.ErrErased) {
		return nil, nil //nolint:nilnil // none is no error
	}
	if err != nil {
		return nil, err
	}
	return found, nil
}

// ofOperation is the kind and our ID of the call or chat that an operation is about; an empty ID for none.
func ofOperation(op *leadmuxv1.Operation) (idmap.Kind, string) {
	if op.GetCallId() != "" {
		return idmap.KindCall, op.GetCallId()
	}
	return idmap.KindChat, op.GetChatId()
}

// stateOf is where a session stands; 0 for none.
func stateOf(s session) int32 {
	if s == nil {
		return 0
	}
	return s.state()
}

// copyOf is a session that can be changed.
func copyOf(s session) session { return sessionOf(proto.Clone(s.message())) }

// whose is the lead that the person of a session is; empty while that is not known.
func whose(s session) string {
	if s == nil {
		return ""
	}
	return s.GetEndUser().GetLeadId()
}
