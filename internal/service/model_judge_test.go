package service_test

import (
	"context"
	"fmt"
	"strings"

	leadmuxv1 "github.com/leadmux/leadmux/gen/leadmux/v1"
	"github.com/leadmux/leadmux/internal/delivery"
	"github.com/leadmux/leadmux/internal/idmap"
)

// judge holds what the index has in the end against what was acknowledged, and against the vendors' ledgers.
func (m *model) judge() {
	events := m.events()
	for _, id := range m.ids {
		lead := m.stored(id)
		if lead == nil {
			m.wrong("lead %s is lost", id)
			continue
		}
		m.note(lead)
		for name := range m.vendors {
			of := at{id, name}
			m.inOrder(of)
			if e := delivery.Engagement(lead, name); e != nil {
				m.engagement(of, lead, e)
				if got := events[of]; got != e.GetState() {
					m.wrong("at %s %s is %s, and the log says %s", name, id, stateName(e.GetState()), stateName(got))
				}
			}
		}
	}
	if report, err := m.index.Verify(context.Background()); err != nil || len(report.Problems) > 0 || report.Leads != len(m.ids) {
		m.wrong("of %d leads the index has %d; %v %v", len(m.ids), report.Leads, err, report.Problems)
	}
}

// events are the states of engagements by the log.
func (m *model) events() map[at]leadmuxv1.EngagementState {
	last := map[at]leadmuxv1.EngagementState{}
	err := m.index.View(context.Background(), func(r idmap.Reader) error {
		events, err := r.Events("full", "", 1_000_000)
		for _, event := range events {
			if event.GetEngagementChanged() != nil {
				last[at{event.GetLeadId(), event.GetAccount()}] = event.GetEngagementChanged().GetAfter()
			}
		}
		return err
	})
	if err != nil {
		m.wrong("events: %v", err)
	}
	return last
}

// ops are the operations of a lead at an account, in the order they were accepted.
func (m *model) ops(of at) []*leadmuxv1.Operation {
	var ops []*leadmuxv1.Operation
	err := m.index.View(context.Background(), func(r idmap.Reader) error {
		for _, id := range m.store.ops[of] {
			op, err := r.Operation("full", id)
			if err != nil {
				return err
			}
			ops = append(ops, op)
		}
		return nil
	})
	if err != nil {
		m.wrong("operations: %v", err)
	}
	return ops
}

// inOrder checks that the vendor saw the writes of a lead in the order they were accepted, each with the lead as it was by then.
func (m *model) inOrder(of at) {
	place := map[string]int{}
	for i, id := range m.store.ops[of] {
		place[id] = i
	}
	var last attempted
	for _, a := range m.vendors[of.account].log() {
		if a.leadID != of.lead {
			continue
		}
		if _, known := place[a.opID]; !known {
			m.wrong("at %s %s was sent by an operation that was never stored", of.account, of.lead)
		}
		if place[a.opID] < place[last.opID] || a.version < last.version {
			m.wrong("at %s %s of %s (version %d) came after %s (version %d)", of.account, a.rpc, of.lead, a.version, last.rpc, last.version)
		}
		last = a
	}
}

// engagement checks how a lead ended at an account.
func (m *model) engagement(of at, lead *leadmuxv1.Lead, e *leadmuxv1.Engagement) {
	v := m.vendors[of.account]
	ops := m.ops(of)
	wrong := func(what string) {
		var story []string
		for _, op := range ops {
			story = append(story, fmt.Sprintf("%s %s after %d (%s)", op.GetMethod(), opName(op), op.GetAttemptCount(), op.GetDecision()))
		}
		m.wrong("at %s %s is %s %q (%s): %s\n  %s", of.account, of.lead, stateName(e.GetState()), e.GetVendorLeadId(), e.GetError().GetReason(), what,
			strings.Join(story, "\n  "))
	}
	for _, op := range ops {
		if what := unsettled(op, e); what != "" {
			wrong(op.GetMethod() + " " + what)
		}
	}
	if live := liveOf(v, of.lead); live > 1 && !m.unlinked[of] {
		wrong("the vendor has it more than once")
	}
	there := by(v, e.GetVendorLeadId())
	goesOn := there == nil && (e.GetVendorLeadId() != "" || liveOf(v, of.lead) > 0) || there != nil && there.live
	if there != nil && there.made > 1+len(e.GetClosed()) && !m.unlinked[of] {
		wrong(fmt.Sprintf("the vendor made it %d times in %d engagements", there.made, 1+len(e.GetClosed())))
	}
	switch stateName(e.GetState()) {
	case "ACTIVE":
		m.active(of, lead, e, ops, there, wrong)
	case "QUALIFIED", "UNQUALIFIED":
		if goesOn && (there == nil || !there.reopened) && !m.unlinked[of] {
			wrong("the vendor goes on")
		}
	case "ENDED":
		if goesOn && !m.unlinked[of] {
			wrong("the vendor goes on")
		}
	case "REJECTED":
		if liveOf(v, of.lead) > 0 && !m.unlinked[of] && !v.is().upserts {
			wrong("the vendor has it")
		}
	case "IN_DOUBT":
	default:
		wrong("that is not settled")
	}
}

// active checks an engagement that runs.
func (m *model) active(of at, lead *leadmuxv1.Lead, e *leadmuxv1.Engagement, ops []*leadmuxv1.Operation, there *entry, wrong func(string)) {
	doubt, sent, unsure := false, false, false
	for _, op := range ops {
		if op.GetCreateTime().AsTime().Before(e.GetCreateTime().AsTime()) {
			continue
		}
		doubt = doubt || opName(op) == "IN_DOUBT" && op.GetMethod() != delivery.UpdateLead
		unsure = unsure || op.GetAmbiguous() && op.GetMethod() == delivery.CreateLead
		if op.GetMethod() == delivery.CreateLead || op.GetMethod() == delivery.UpdateLead {
			sent = opName(op) == "SUCCEEDED"
		}
	}
	v := m.vendors[of.account]
	switch {
	case there == nil && e.GetVendorLeadId() == "" && liveOf(v, of.lead) == 1: // its ID is pending
	case there == nil && unsure && m.strangers[lead.GetEmail()]: // nobody can tell whose the person is that the vendor reports
		return
	case there == nil && !doubt:
		wrong("the vendor has nothing")
		return
	case there != nil && !there.live && !there.refused && !doubt && !m.excused(of, e, there):
		wrong("the vendor has ended it")
	}
	if there == nil || !sent {
		return
	}
	told := there.version >= m.must[of] || m.unlinked[of] // then an attempt of unknown outcome may find what was there before
	if v.is().cannotUpdate {
		told = there.version == m.leads[of.lead].version || strings.Contains(codesAt(lead, of.account), "UPDATE_NOT_SENT")
	}
	if !told {
		wrong("the vendor was not told of the last change")
	}
}

// excused says whether an engagement may run here and not at the vendor: nothing runs there, or it stopped what was forgotten,
// or another lead can reach the same entry and has ended it: one whose own ID there is pending, or that was unlinked from it.
func (m *model) excused(of at, e *leadmuxv1.Engagement, there *entry) bool {
	k := m.vendors[of.account].is()
	switch {
	case k.campaigns && e.GetVendorRefs()["campaign_id"] == "":
		return true
	case !m.unlinked[of]:
		return false
	default:
		return k.campaigns || k.keepsStop || there.leadID != of.lead
	}
}

// unsettled says what is wrong with an operation at the end; "" when nothing is.
func unsettled(op *leadmuxv1.Operation, e *leadmuxv1.Engagement) string {
	switch opName(op) {
	case "SUCCEEDED", "FAILED":
		return ""
	case "IN_DOUBT":
		if !op.GetAmbiguous() {
			return "is in doubt without cause"
		}
		return ""
	case "BLOCKED":
		if stateName(e.GetState()) == "IN_DOUBT" {
			return ""
		}
	}
	return "is " + opName(op)
}

func opName(op *leadmuxv1.Operation) string {
	return strings.TrimPrefix(op.GetState().String(), "OPERATION_STATE_")
}
