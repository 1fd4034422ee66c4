package ujet

import "github.com/leadmux/leadmux/internal/sandbox/kit"

// Calls are all calls there are, oldest first; those an agent has still to place are none yet.
func (e *Emulator) Calls() ([]Call, error) { return records[Call](e, KindCall) }

// Chats are all chats and text message sessions, oldest first.
func (e *Emulator) Chats() ([]Chat, error) { return records[Chat](e, KindChat) }

// Messages are all messages of all chats, text messages among them, oldest first.
func (e *Emulator) Messages() ([]Message, error) { return records[Message](e, KindMessage) }

func records[T any](e *Emulator, kind string) (list []T, err error) {
	err = e.ledger.View(func(tx *kit.Tx) error {
		list, err = all[T](tx, kind)
		return err
	})
	return list, err
}
