package config

import (
	"regexp"
	"strings"
)

// The least lengths of what guards the webhooks, in characters, and the least number of different characters in them: anything
// generated has more, and what somebody typed to get past the length has not.
const (
	minPathToken = 20
	minHookWord  = 16
	minVariety   = 5
	minHookUser  = 5 // the shortest user name Conversica accepts
)

// pathToken is what needs no escaping in a URL's path.
var pathToken = regexp.MustCompile(`^[A-Za-z0-9._~-]+$`)

// webhook checks how a vendor's deliveries are recognised. Beside the path there is always what the vendor is documented to send;
// Convertalk sends nothing else.
func (k *checker) webhook(key, vendor string, w *Webhook) {
	k.required(key+".path_token", vendor, w.PathToken.Given())
	k.guard(key+".path_token", w.PathToken, minPathToken)
	if token := w.PathToken.Reveal(); token != "" && !pathToken.MatchString(token) {
		k.bad(key+".path_token", "must hold only letters, digits and . _ ~ -, because it stands in a URL")
	}
	k.guard(key+".bearer", w.Bearer, minHookWord)
	for i, s := range w.SigningSecrets {
		k.guard(item(key+".signing_secrets", i), s, minHookWord)
	}
	k.guard(key+".password", w.Password, minHookWord)
	if strings.Contains(w.Username, ":") {
		k.bad(key+".username", "must not hold a colon: Basic authentication ends the user name there")
	}
	switch vendor {
	case Verse:
		k.required(key+".bearer", vendor, w.Bearer.Given())
	case Conversica:
		k.required(key+".username", vendor, w.Username != "")
		k.required(key+".password", vendor, w.Password.Given())
		if w.Username != "" && len(w.Username) < minHookUser {
			k.bad(key+".username", "must have at least %d characters; the vendor takes no shorter one", minHookUser)
		}
	case UJET:
		if (w.Username != "") != w.Password.Given() {
			k.bad(key, "username and password must be given together")
		}
		if len(w.SigningSecrets) == 0 && w.Username == "" {
			k.bad(key, "signing_secrets (chat events), or username and password (session events), are required")
		}
	}
}

// guard refuses a secret that could be guessed.
func (k *checker) guard(key string, s Secret, least int) {
	word := s.Reveal()
	switch {
	case word == "":
	case len(word) < least:
		k.bad(key, "must have at least %d characters, this one has %d", least, len(word))
	case distinct([]byte(word)) < minVariety:
		k.bad(key, "is made of fewer than %d different characters and can be guessed", minVariety)
	}
}
