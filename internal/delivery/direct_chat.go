package delivery

import (
	"google.golang.org/protobuf/proto"

	leadmuxv1 "github.com/leadmux/leadmux/gen/leadmux/v1"
	"github.com/leadmux/leadmux/internal/adapters"
	"github.com/leadmux/leadmux/internal/idmap"
)

// LearnChat stores a chat as a vendor's listing shows it, with the vendor's IDs, and appends the event of what changed.
func (d *Dispatcher) LearnChat(tx idmap.Tx, account *adapters.Account, shown *leadmuxv1.Chat) error {
	in := &intake{d: d, tx: tx, p: Direct{Tenant: account.Tenant, Account: account}}
	return in.swap(proto.CloneOf(shown).ProtoReflect())
}
