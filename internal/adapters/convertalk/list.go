package convertalk

import (
	"context"
	"errors"
	"slices"

	leadmuxv1 "github.com/leadmux/leadmux/gen/leadmux/v1"
	"github.com/leadmux/leadmux/internal/adapters"
	"github.com/leadmux/leadmux/internal/adapters/vendorhttp"
)

// ListLeads reads a page of the listing (GET /inbox/direct/chats, stated by the vendor's document). Past the last page the
// vendor answers with an empty one (inferred). Pages shift while visitors come, so a walk sees records again, and those that
// moved up after a deletion not at all. A record without an ID is passed over; a page of nothing else is an error, since it
// must not look like the end.
func (a *Adapter) ListLeads(ctx context.Context, page int) ([]adapters.VendorLead, error) {
	records, err := a.page(ctx, opListVendorLeads, page)
	return leadsOf(records, typeLead), err
}

// ListOthers reads a page of the visitors who left no contact data; all as ListLeads.
func (a *Adapter) ListOthers(ctx context.Context, page int) ([]adapters.VendorLead, error) {
	records, err := a.records(ctx, opListChats, a.chats(typeNonLead, page))
	return leadsOf(records, typeNonLead), err
}

func leadsOf(records []record, kind string) []adapters.VendorLead {
	leads := make([]adapters.VendorLead, len(records))
	for i, r := range records {
		leads[i] = r.lead(kind)
	}
	return leads
}

// page reads the leads' records of a page that have an ID we can keep.
func (a *Adapter) page(ctx context.Context, op string, page int) ([]record, error) {
	return a.records(ctx, op, a.listing(op, page))
}

func (a *Adapter) records(ctx context.Context, op string, call vendorhttp.Call) ([]record, error) {
	said, answer, err := a.ask(ctx, call)
	if err != nil {
		return nil, err
	}
	records, err := readPage(said)
	if err != nil {
		return nil, &adapters.Error{
			Vendor: Vendor, Op: op, Kind: adapters.KindBadAnswer, Status: answer.Status, RequestID: answer.RequestID(), Cause: err,
		}
	}
	return records, nil
}

var (
	errNoArray   = errors.New("the listing's data is no array")
	errNoRecords = errors.New("no record of the listing's page has a uuid")
)

// readPage finds the records in the envelope. Data that is null is an empty page, data that is missing is not.
func readPage(said envelope) ([]record, error) {
	data, err := parse(said.Data)
	if _, isArray := data.is.([]any); err != nil || !isArray && data.is != nil {
		return nil, errNoArray
	}
	items := data.items()
	var records []record
	for _, item := range items {
		r := record{item}
		if id := r.uuid(); id != "" && len(id) <= maxID {
			records = append(records, r)
		}
	}
	if len(items) > 0 && len(records) == 0 {
		return nil, errNoRecords
	}
	return records, nil
}

// maxID is the longest vendor ID that the API takes, in bytes.
const maxID = 200

// lead is the record of a kind in our form.
func (r record) lead(kind string) adapters.VendorLead {
	v := adapters.VendorLead{
		VendorLeadID: r.uuid(), Lead: r.person(), VendorStatus: adapters.Clip(r.get("status").text(), 100),
		CreateTime: r.moment("createdAt"), UpdateTime: r.moment("updatedAt"),
	}
	v.LeadID, v.State = leadID(v.VendorLeadID, v.CreateTime), stateOf(v.VendorStatus)
	v.Message, v.MessageTime = r.message()
	v.Chat = r.chat(kind)
	if slices.Contains(r.tags(), optedOutTag) {
		v.OptOut = &adapters.OptOut{Evidence: "tag " + optedOutTag}
	}
	return v
}

// stateOf is what a status of the vendor means: a conversation runs unless it is closed. Accounts may define statuses of their
// own, of which nobody here knows the meaning.
func stateOf(status string) leadmuxv1.EngagementState {
	switch status {
	case statusClosed:
		return leadmuxv1.EngagementState_ENGAGEMENT_STATE_ENDED
	case statusOpen, statusInProgress, statusReview, statusOnHold, statusDependency:
		return leadmuxv1.EngagementState_ENGAGEMENT_STATE_ACTIVE
	default:
		return leadmuxv1.EngagementState_ENGAGEMENT_STATE_UNSPECIFIED
	}
}
