package conversica

import (
	"io"
	"net/http"

	"github.com/leadmux/leadmux/internal/sandbox/kit"
)

// serve is the whole API. The order is path, method, sign-in, body: a wrong
// method is refused before the sign-in is looked at.
func (e *Emulator) serve(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	switch {
	case r.URL.Path != Path:
		// assumed: nothing is known about other paths
		e.refuse(w, http.StatusNotFound, "no such resource")
		return
	case r.Method != http.MethodPost:
		w.Header().Set("Allow", http.MethodPost)
		e.refuse(w, http.StatusMethodNotAllowed, "the method is not allowed; use POST")
		return
	}
	settings := e.settings.Get()
	if status := e.gate.admit(r, settings, e.now()); status != 0 {
		e.refuseSignIn(w, status)
		return
	}
	body, err := io.ReadAll(r.Body)
	if err != nil {
		e.refuse(w, http.StatusBadRequest, "the request body could not be read")
		return
	}
	p, err := parsePost(body, settings)
	if err != nil {
		e.refuse(w, http.StatusBadRequest, err.Error())
		return
	}
	if err := e.upsert(r.Context(), p, settings); err != nil {
		e.log.Error("conversica emulator failed", "error", err)
		e.refuse(w, http.StatusInternalServerError, "internal error")
		return
	}
	// assumed: the body of a 200 is not documented
	kit.WriteJSON(w, http.StatusOK, map[string]any{"status": true, "message": "Lead received"})
}

// refuse answers with the vendor's error envelope.
func (e *Emulator) refuse(w http.ResponseWriter, status int, message string) {
	kit.WriteJSON(w, status, map[string]any{"message": message, "status": false})
}

// refuseSignIn answers a failed sign-in: it has a message but no status key.
func (e *Emulator) refuseSignIn(w http.ResponseWriter, status int) {
	if status == http.StatusUnauthorized {
		w.Header().Set("WWW-Authenticate", `Basic realm="Conversica"`)
	}
	kit.WriteJSON(w, status, map[string]string{
		"message": "Sign-in failed. Repeated failures may lock the account or bar the address.",
	})
}
