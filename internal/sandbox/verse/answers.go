package verse

import (
	"net/http"

	"github.com/leadmux/leadmux/internal/sandbox/kit"
)

// Messages as the vendor's documentation prints them, the trailing space of
// msgClosed included.
const (
	msgCreated      = "Created Lead"
	msgUnreachable  = "Created lead, but phone is invalid, and no email was provided"
	msgBlacklisted  = "Created lead, but phone was previously blacklisted"
	msgEmailOnly    = "Created lead, but phone is invalid, email was valid"
	msgPhoneOnly    = "Created lead, but email is invalid, phone was valid"
	msgUnauthorized = "Unauthorized"
	msgNoRoute      = "Missing Authentication Token"
	msgNotFound     = "Resource Not Found"
	msgDuplicate    = "Duplicate Lead"
	msgClosed       = "Your account is not set up to receive leads at this time. If you would like to make a change, please contact your account manager. "
	msgHold         = "Your account is currently on hold. Please contact your account manager if you would like to reactivate."
	msgPhoneInvalid = "phone is invalid"
	msgBadBody      = "Invalid request body"
	msgPhoneNeeded  = `"phone" is required`
	msgFailed       = "Something went wrong. If this error continues, please contact your account manager."

	// assumed, like all of the subscriptions' API
	msgHooked      = "Created Webhook"
	msgSubscribed  = "Duplicate Webhook"
	msgPrimaryOnly = "Forbidden"

	// assumed, by analogy with the phone's
	msgEmailInvalid = "email is invalid"
	msgSearchNeeded = `"searchValue" is required`
)

// reply is an answer that has been decided but not yet written.
type reply struct {
	status int
	body   any
}

// say is a reply with nothing but a message.
func say(status int, message string) reply {
	return reply{status, map[string]string{"message": message}}
}

// refuse is the reply to a request whose content is not acceptable.
func refuse(message string) *reply {
	r := say(http.StatusUnprocessableEntity, message)
	return &r
}

// created is the reply to a lead that was taken.
func created(l *Lead) reply {
	return reply{http.StatusCreated, map[string]string{"message": l.Message, "id": l.ID}}
}

// duplicate is the reply to a lead that has an active conversation already. It
// does not tell which one.
func duplicate(legacy bool) reply {
	if !legacy {
		return say(http.StatusConflict, msgDuplicate)
	}
	return reply{http.StatusConflict, map[string]any{
		"status":  map[string]any{"code": http.StatusConflict, "message": "Conflict"},
		"code":    110,
		"message": "Duplicate",
	}}
}

// write sends the reply.
func (r reply) write(w http.ResponseWriter) {
	kit.WriteJSON(w, r.status, r.body)
}
