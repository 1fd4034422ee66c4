package conversica

import (
	"encoding/json"
	"errors"
	"net/http"
	"time"

	"github.com/leadmux/leadmux/internal/sandbox/kit"
)

// CallbackCreate is the kind of the callback by which the website chat hands a
// visitor over; the receiver gives the lead its id.
const CallbackCreate = "create"

// Endpoints are where callbacks go; an empty URL keeps those of its kind.
type Endpoints struct {
	// MessageURL, LeadURL and CreateURL take one kind of callback each.
	MessageURL string `json:"messageUrl"`
	LeadURL    string `json:"leadUrl"`
	CreateURL  string `json:"createUrl"`
	// Username and Password are the one pair for HTTP Basic, chosen by the
	// receiver.
	Username string `json:"username"`
	Password string `json:"password"`
}

// url is where a kind of callback goes.
func (c Endpoints) url(kind string) string {
	return map[string]string{CallbackMessage: c.MessageURL, CallbackLead: c.LeadURL, CallbackCreate: c.CreateURL}[kind]
}

// check refuses what is not on loopback.
func (c Endpoints) check() error {
	return errors.Join(
		kit.CheckHookURL("callbacks.messageUrl", c.MessageURL), kit.CheckHookURL("callbacks.leadUrl", c.LeadURL),
		kit.CheckHookURL("callbacks.createUrl", c.CreateURL))
}

// send hands a callback to its endpoint.
func (e *Emulator) send(tx *kit.Tx, c Callback) error {
	body, err := json.Marshal(c.Body)
	if err != nil {
		return err
	}
	return e.hooks.Put(tx, kit.Hook{Endpoint: c.Kind, Event: c.Kind, URL: e.settings.Get().Callbacks.url(c.Kind), Body: body})
}

// authorize adds the pair for HTTP Basic as it is now.
func (e *Emulator) authorize(h kit.Hook, _ []byte, header http.Header) {
	endpoints := e.settings.Get().Callbacks
	password := endpoints.Password
	if h.Spoilt {
		password = "not " + password
	}
	r := http.Request{Header: header}
	r.SetBasicAuth(endpoints.Username, password)
}

// accept judges an answer: that to a new lead must be JSON whose status is a
// string, "200" if the lead was taken. Any other callback needs only a 2xx.
func accept(h kit.Hook, answer []byte) error {
	if h.Endpoint != CallbackCreate {
		return nil
	}
	var ack struct {
		Status  *string `json:"status"`
		Message string  `json:"message"`
	}
	if err := json.Unmarshal(answer, &ack); err != nil || ack.Status == nil {
		return errors.New(`the answer must be JSON with a string "status" and a "message"`)
	}
	if *ack.Status != "200" {
		return errors.New("the answer says status " + *ack.Status)
	}
	return nil
}

// hookWaits are the waits between two attempts (assumed: none are published).
func (e *Emulator) hookWaits() []time.Duration {
	var waits []time.Duration
	for _, ms := range e.settings.Get().HookRetryMS {
		waits = append(waits, time.Duration(ms)*time.Millisecond)
	}
	return waits
}
