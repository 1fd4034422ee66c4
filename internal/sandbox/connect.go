package sandbox

import (
	"encoding/json"
	"errors"
	"fmt"

	"github.com/leadmux/leadmux/internal/sandbox/convertalk"
	"github.com/leadmux/leadmux/internal/sandbox/verse"
)

// Hook is how the sandbox's client recognises what one emulator sends; what a
// vendor does not use is empty. None of it is a secret.
type Hook struct {
	// PathToken is for the client's URL.
	PathToken string
	// Bearer comes with each delivery (Verse).
	Bearer string
	// SigningSecret signs chat events (UJET).
	SigningSecret string
	// Username and Password are for HTTP Basic (Conversica; UJET's session
	// events).
	Username, Password string
}

// hookUser is the Basic user of all vendors that have one.
const hookUser = "sandbox-callbacks"

// hookOf makes up what a vendor's deliveries prove themselves with.
func hookOf(name string) Hook {
	h := Hook{PathToken: "sandbox-" + name + "-path-token"}
	switch name {
	case NameVerse:
		h.Bearer = "sandbox-verse-bearer"
	case NameUJET:
		h.SigningSecret, h.Username, h.Password = "sandbox-ujet-signing-secret", hookUser, "sandbox-ujet-hook-password"
	case NameConversica:
		h.Username, h.Password = hookUser, "sandbox-conversica-hook-password"
	}
	return h
}

// Connect makes the emulators send what happens to the client from now on, as
// an account manager would set it up by hand. address is the client's URL for a
// vendor and a kind of its webhooks; the kind is empty where a vendor has one:
// chat events for UJET, beside "sessions"; "message", "lead" and "create" for
// Conversica; the events' names for Convertalk.
func (s *Sandbox) Connect(address func(vendor, kind string) string) error {
	hook := hookOf(NameVerse)
	err := s.verse.Listen(verse.DefaultAccount, address(NameVerse, ""), hook.Bearer)

	hook = hookOf(NameUJET)
	sessions := address(NameUJET, "sessions")
	err = errors.Join(err, patch(NameUJET, s.ujet.Settings().Patch, map[string]any{
		"webhook":       map[string]string{"url": address(NameUJET, ""), "primarySecret": hook.SigningSecret},
		"sessionEvents": map[string]string{"callUrl": sessions, "chatUrl": sessions, "username": hook.Username, "password": hook.Password},
	}))

	hook = hookOf(NameConversica)
	err = errors.Join(err, patch(NameConversica, s.conversica.Settings().Patch, map[string]any{
		"callbacks": map[string]string{
			"messageUrl": address(NameConversica, "message"), "leadUrl": address(NameConversica, "lead"),
			"createUrl": address(NameConversica, "create"), "username": hook.Username, "password": hook.Password,
		},
	}))
	return errors.Join(err, patch(NameConvertalk, s.convertalk.Settings().Patch, map[string]any{
		"webhooks": map[string]string{
			convertalk.EventNewLead:    address(NameConvertalk, convertalk.EventNewLead),
			convertalk.EventNewMessage: address(NameConvertalk, convertalk.EventNewMessage),
		},
	}))
}

// patch changes the settings of one emulator.
func patch[T any](name string, apply func([]byte) (T, error), settings map[string]any) error {
	raw, err := json.Marshal(settings)
	if err == nil {
		_, err = apply(raw)
	}
	if err != nil {
		return fmt.Errorf("connect the %s emulator: %w", name, err)
	}
	return nil
}
