package boltmap

import (
	"errors"
	"fmt"

	"google.golang.org/protobuf/proto"

	storev1 "github.com/leadmux/leadmux/gen/leadmux/store/v1"
	leadmuxv1 "github.com/leadmux/leadmux/gen/leadmux/v1"
	"github.com/leadmux/leadmux/internal/idmap"
)

// lookAtMost is how many leads one ListLeads looks at; a filter that few pass must not hold a transaction open for long.
const lookAtMost = 2000

// ListLeads implements idmap.Reader. It passes over erased leads.
func (r reader) ListLeads(tenant string, filter idmap.LeadFilter, before string, limit int) ([]*leadmuxv1.Lead, string, error) {
	b := r.bucket(tenant, leadsBucket)
	if b == nil || limit < 1 {
		return nil, "", nil
	}
	var leads []*leadmuxv1.Lead
	last := ""
	c := b.Cursor()
	looked := 0
	for k, v := lastBefore(c, []byte(before)); k != nil; k, v = c.Prev() {
		if len(leads) == limit || looked == lookAtMost {
			return leads, last, nil
		}
		looked++
		last = string(k)
		lead, ok, err := r.pick(tenant, last, v, filter)
		if err != nil {
			return nil, "", err
		}
		if ok {
			leads = append(leads, lead)
		}
	}
	return leads, "", nil
}

// pick opens a lead if it passes filter and was not erased.
func (r reader) pick(tenant, leadID string, value []byte, filter idmap.LeadFilter) (lead *leadmuxv1.Lead, ok bool, err error) {
	var record storev1.LeadRecord
	if err := proto.Unmarshal(value, &record); err != nil {
		return nil, false, fmt.Errorf("lead %s: damaged record: %w", leadID, err)
	}
	if record.GetLeaving() || !passes(filter, &record) {
		return nil, false, nil
	}
	lead, err = r.openLead(tenant, leadID, &record)
	if errors.Is(err, ErrKeyGone) {
		return nil, false, nil
	}
	return lead, err == nil, err
}

func passes(filter idmap.LeadFilter, record *storev1.LeadRecord) bool {
	updated := record.GetUpdateTime().AsTime()
	if !filter.UpdatedAfter.IsZero() && !updated.After(filter.UpdatedAfter) {
		return false
	}
	if !filter.UpdatedBefore.IsZero() && !updated.Before(filter.UpdatedBefore) {
		return false
	}
	const anyState = leadmuxv1.EngagementState_ENGAGEMENT_STATE_UNSPECIFIED
	if filter.Account == "" && filter.State == anyState {
		return true
	}
	for _, e := range record.GetEngagements() {
		if (filter.Account == "" || e.GetAccount() == filter.Account) && (filter.State == anyState || e.GetState() == filter.State) {
			return true
		}
	}
	return false
}
