package delivery

import (
	"context"
	"slices"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	leadmuxv1 "github.com/leadmux/leadmux/gen/leadmux/v1"
	"github.com/leadmux/leadmux/internal/idmap"
)

const (
	// contactPages bounds the reading of a campaign, contactPage is how many contacts a page has at most.
	contactPages, contactPage = 100, 1000
	// contactAge is how long a contact may have been added before a list without it means that it was taken out.
	contactAge = 15 * time.Minute
	// clockContact is when the vendor last changed the contact.
	clockContact = "contact"
)

// ended are the states of a contact that nothing follows by itself. In any other the person may be dialled again (inferred: the vendor
// only names the states).
var endedContact = []leadmuxv1.CampaignContactState{
	leadmuxv1.CampaignContactState_CAMPAIGN_CONTACT_STATE_FINISHED,
	leadmuxv1.CampaignContactState_CAMPAIGN_CONTACT_STATE_TRANSFERRED_AND_FINISHED,
	leadmuxv1.CampaignContactState_CAMPAIGN_CONTACT_STATE_SKIPPED_CLOSED,
	leadmuxv1.CampaignContactState_CAMPAIGN_CONTACT_STATE_INVALID_NUMBER,
	leadmuxv1.CampaignContactState_CAMPAIGN_CONTACT_STATE_DO_NOT_CALL,
	leadmuxv1.CampaignContactState_CAMPAIGN_CONTACT_STATE_INVALID_OUTBOUND_NUMBER,
	leadmuxv1.CampaignContactState_CAMPAIGN_CONTACT_STATE_BLOCKED_PHONE_NUMBER,
}

// contacts looks at the contacts of a campaign, and tells of those leads whose contact has changed.
func (f *Following) contacts(ctx context.Context, campaign string, followed []idmap.Followed) (bool, error) {
	listed, whole, err := f.listed(ctx, campaign)
	if err != nil {
		return false, err
	}
	var steps []contactStep
	err = f.d.store.View(ctx, func(r idmap.Reader) error {
		steps = nil
		for _, one := range followed {
			step := contactStep{f: f, one: one, contact: listed[one.ID], whole: whole}
			news, err := step.isNews(r)
			if err != nil {
				return err
			}
			if news {
				steps = append(steps, step)
			}
		}
		return nil
	})
	if err != nil || len(steps) == 0 {
		return false, err
	}
	return true, f.d.store.Update(ctx, func(tx idmap.Tx) error {
		for _, step := range steps {
			if err := step.take(tx); err != nil {
				return err
			}
		}
		return nil
	})
}

// listed reads the contacts of a campaign that are leads of ours, by lead. whole says that there are no more.
func (f *Following) listed(ctx context.Context, campaign string) (listed map[string]*leadmuxv1.CampaignContact, whole bool, err error) {
	listed = map[string]*leadmuxv1.CampaignContact{}
	request := &leadmuxv1.ListCampaignContactsRequest{Account: f.account.Name, CampaignId: campaign, PageSize: contactPage}
	for range contactPages {
		page := &leadmuxv1.ListCampaignContactsResponse{}
		if err := f.forward(ctx, listContacts, request.ProtoReflect(), page.ProtoReflect()); err != nil {
			return nil, false, err
		}
		for _, c := range page.GetContacts() {
			if c.GetLeadId() != "" {
				listed[c.GetLeadId()] = c
			}
		}
		if request.PageToken = page.GetNextPageToken(); request.GetPageToken() == "" {
			return listed, true, nil
		}
	}
	return listed, false, nil
}

// contactStep is one lead's contact on its way into the index.
type contactStep struct {
	f       *Following
	one     idmap.Followed
	contact *leadmuxv1.CampaignContact // nil when the list has none
	whole   bool                       // the list has all
}

// isNews says whether anything is to be written.
func (s contactStep) isNews(r idmap.Reader) (bool, error) {
	_, e, err := s.engagement(r)
	if err != nil {
		return false, err
	}
	return e == nil || s.isOver() || s.changes(e), nil
}

// engagement is the lead in the campaign; nil when it is not any more.
func (s contactStep) engagement(r idmap.Reader) (*leadmuxv1.Lead, *leadmuxv1.Engagement, error) {
	lead, err := r.Lead(s.f.account.Tenant, s.one.ID)
	if isNotFound(err) {
		return nil, nil, nil
	}
	e := Engagement(lead, s.f.account.Name)
	if err != nil || e.GetVendorRefs()[refCampaign] != s.one.CampaignID {
		return nil, nil, err
	}
	return lead, e, nil
}

// isOver says whether the contact is followed no more: it ended, is in the campaign no more, or was followed long enough.
func (s contactStep) isOver() bool {
	age := s.f.d.now().Sub(s.one.Since)
	return slices.Contains(endedContact, s.contact.GetState()) || s.contact == nil && s.whole && age > contactAge || age > followContact
}

// changes says whether the contact is not as the engagement has it, and not from before that.
func (s contactStep) changes(e *leadmuxv1.Engagement) bool {
	if s.contact.GetStatus() == "" || s.contact.GetStatus() == e.GetVendorStatus() {
		return false
	}
	at, last := s.contact.GetUpdateTime(), e.GetVendorTimes()[clockContact]
	return at == nil || last == nil || !at.AsTime().Before(last.AsTime())
}

func (s contactStep) take(tx idmap.Tx) error {
	tenant := s.f.account.Tenant
	lead, e, err := s.engagement(tx)
	if err != nil {
		return err
	}
	if e != nil && s.changes(e) {
		e.VendorStatus = s.contact.GetStatus()
		if at := s.contact.GetUpdateTime(); at != nil {
			if e.VendorTimes == nil {
				e.VendorTimes = map[string]*timestamppb.Timestamp{}
			}
			e.VendorTimes[clockContact] = at
		}
		Touch(lead, s.f.d.now())
		if err := tx.PutLead(tenant, lead); err != nil {
			return err
		}
		event := s.f.d.engagementChanged(lead, e, e.GetState())
		event.VendorTime = s.contact.GetUpdateTime()
		event.GetEngagementChanged().VendorStatus = e.GetVendorStatus()
		if err := tx.AppendEvent(tenant, event); err != nil {
			return err
		}
	}
	if e == nil || s.isOver() {
		return tx.DeleteFollowed(tenant, s.one)
	}
	return nil
}
