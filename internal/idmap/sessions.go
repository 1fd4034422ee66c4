package idmap

import (
	"time"

	leadmuxv1 "github.com/leadmux/leadmux/gen/leadmux/v1"
)

// SessionReader reads calls and chats.
type SessionReader interface {
	// Call returns a call, or ErrNotFound.
	Call(tenant, callID string) (*leadmuxv1.Call, error)
	// ListCalls returns the calls that pass filter, newest first, of those before the call ID in before ("" for the newest). It
	// looks at a bounded number of calls: next is the before of the next call of it, "" at the end.
	ListCalls(tenant string, filter SessionFilter, before string, limit int) (calls []*leadmuxv1.Call, next string, err error)
	// Chat returns a chat, or ErrNotFound.
	Chat(tenant, chatID string) (*leadmuxv1.Chat, error)
}

// SessionWriter changes calls and chats. What is in them is sealed under the key of the person's lead, where that is known and
// stored, else under a key of their own; so are the events and operations that are about them.
type SessionWriter interface {
	// PutCall stores a call, new or changed.
	PutCall(tenant string, call *leadmuxv1.Call) error
	// PutChat stores a chat, new or changed.
	PutChat(tenant string, chat *leadmuxv1.Chat) error
}

// SessionFilter narrows a list of calls. Zero fields do not narrow.
type SessionFilter struct {
	Account       string
	LeadID        string
	UpdatedAfter  time.Time // exclusive
	UpdatedBefore time.Time // exclusive
}
