package convertalk

import (
	"encoding/json"
	"net/http"
	"strconv"
	"time"

	"github.com/leadmux/leadmux/internal/sandbox/kit"
)

// pageSize is how many records a page of the listing has (assumed).
const pageSize = 20

// The two values of the listing's type parameter.
const (
	typeLead    = "lead"
	typeNonLead = "non-lead"
)

// listing is a validated query.
type listing struct {
	botID, customerID, kind string
	page                    int
}

// listChats is GET /inbox/direct/chats: newest first by creation, no total, an empty page past the
// end.
func (e *Emulator) listChats(_ http.ResponseWriter, r *http.Request) ([]byte, error) {
	if !e.authorized(r, headerList) {
		return nil, unauthorized()
	}
	q, err := parseListing(r)
	if err != nil {
		return nil, err
	}
	settings := e.settings.Get()
	leads := []Lead{}
	switch {
	case e.owns(q.botID, q.customerID):
		if err := e.meanwhile(settings.VisitorsPerListing); err != nil {
			return nil, err
		}
		if leads, err = e.visible(q, settings.lag()); err != nil {
			return nil, err
		}
	case settings.ForeignIDs == ForeignUnauthorized:
		return nil, unauthorized()
	}
	page := []chat{}
	for _, l := range leads {
		page = append(page, chatOf(l))
	}
	return json.Marshal(map[string]any{"success": true, "message": "ok", "code": http.StatusOK, "data": page})
}

func parseListing(r *http.Request) (listing, error) {
	p := problems{}
	query := r.URL.Query()
	need := func(name string) string {
		value := query.Get(name)
		if value == "" {
			p.add(name + " should not be empty")
		}
		return value
	}
	q := listing{botID: need("botId"), customerID: need("customerId")}
	page, kind := need("page"), need("type")
	number, err := strconv.Atoi(page)
	if page != "" && (err != nil || number < 1) {
		p.add("page must be a positive integer")
	}
	if kind != "" && kind != typeLead && kind != typeNonLead {
		p.add("type must be one of lead, non-lead")
	}
	if len(p.found) > 0 {
		return q, refuse(http.StatusBadRequest, "Bad Request", p.found...)
	}
	q.page, q.kind = number, kind
	return q, nil
}

// visible reads the records of a page as the listing knows them now.
func (e *Emulator) visible(q listing, lag time.Duration) ([]Lead, error) {
	var found []Lead
	err := e.ledger.View(func(tx *kit.Tx) error {
		for _, uuid := range e.index.page(q.kind, e.clock().Add(-lag), q.page) {
			var l Lead
			known, err := tx.Get(KindLead, uuid, &l)
			if err != nil {
				return err
			}
			if known { // else it was deleted just now
				found = append(found, l)
			}
		}
		return nil
	})
	return found, err
}
