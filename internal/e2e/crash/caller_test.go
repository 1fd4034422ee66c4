package crash_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/fieldmaskpb"

	leadmuxv1 "github.com/leadmux/leadmux/gen/leadmux/v1"
	"github.com/leadmux/leadmux/internal/e2e/harness"
)

// caller carries out a plan, from its beginning after every start, each call with the same request_id as before. What it was
// answered it writes down before it goes on.
type caller struct {
	plan   plan
	server *harness.Server
	key    string // of the API
	life   string // in its request IDs

	leads    []string                   // their IDs, once they were acknowledged
	vendorID map[string]map[string]bool // vendor lead IDs that an answer told, by account
	done     int                        // steps acknowledged at least once
	verse    *harness.Vendor
	delivery string    // the webhook, once it was made up
	optedOut time.Time // when that was acknowledged first
	refused  string    // an answer that no call may get
}

// errGone says that the service died before it answered.
var errGone = errors.New("the service is gone")

// run makes the plan's calls until the last, or until the service is gone.
func (c *caller) run(t *testing.T) error {
	t.Helper()
	for i, s := range c.plan.steps {
		if s.rpc == "EngageLead" {
			if err := c.untilClosed(t); err != nil {
				return err
			}
		}
		if err := c.step(t, i, s); err != nil {
			return err
		}
		c.done = max(c.done, i+1)
	}
	return nil
}

// step makes one call for each lead, or one for all where they are created.
func (c *caller) step(t *testing.T, i int, s step) error {
	t.Helper()
	switch s.rpc {
	case "CreateLead":
		var out leadmuxv1.CreateLeadResponse
		if err := c.call(t, s.rpc, c.create(c.plan.persons[0], s.wait), &out); err != nil {
			return err
		}
		return c.acknowledge(0, out.GetLead())
	case "BatchCreateLeads":
		return c.batch(t, s)
	case "ImportLeads":
		return c.importAll()
	case "Webhook":
		return c.webhook(t)
	}
	for k, id := range c.leads {
		var out leadmuxv1.UpdateLeadResponse // all these answers look alike
		if err := c.call(t, s.rpc, c.change(s, id, fmt.Sprintf("%s-%d-%d-%d", c.life, c.plan.persons[0], k, i)), &out); err != nil {
			return err
		}
		if err := c.acknowledge(k, out.GetLead()); err != nil {
			return err
		}
		if s.rpc == "OptOutLead" && c.optedOut.IsZero() {
			c.optedOut = time.Now()
		}
	}
	return nil
}

func (c *caller) batch(t *testing.T, s step) error {
	t.Helper()
	in := &leadmuxv1.BatchCreateLeadsRequest{Wait: harness.Wait(s.wait)}
	for _, person := range c.plan.persons {
		in.Requests = append(in.Requests, c.create(person, 0))
	}
	var out leadmuxv1.BatchCreateLeadsResponse
	if err := c.call(t, s.rpc, in, &out); err != nil {
		return err
	}
	for k, result := range out.GetResults() {
		if err := c.acknowledge(k, result.GetLead()); err != nil {
			return err
		}
	}
	return nil
}

// importAll sends the persons over a stream and writes each result down as it comes.
func (c *caller) importAll() error {
	ctx, cancel := context.WithTimeout(metadata.AppendToOutgoingContext(context.Background(), "authorization", "Bearer "+c.key), settled)
	defer cancel()
	stream, err := leadmuxv1.NewLeadServiceClient(c.server.Conn()).ImportLeads(ctx)
	if err != nil {
		return c.ended("ImportLeads", err)
	}
	for _, person := range c.plan.persons {
		if err := stream.Send(&leadmuxv1.ImportLeadsRequest{Request: c.create(person, 0)}); err != nil {
			break // Recv says why
		}
	}
	_ = stream.CloseSend() // likewise
	for k := range c.plan.persons {
		result, err := stream.Recv()
		if err != nil {
			return c.ended("ImportLeads", err)
		}
		if err := c.acknowledge(k, &leadmuxv1.Lead{LeadId: result.GetLeadId()}); err != nil {
			return err
		}
	}
	return nil
}

// ended tells an answer that no call may get from the end of the service.
func (c *caller) ended(rpc string, err error) error {
	if status.Code(err) == codes.Unavailable {
		return errGone
	}
	return c.refuse("%s ends with %v", rpc, err)
}

func (c *caller) create(person int, wait time.Duration) *leadmuxv1.CreateLeadRequest {
	return &leadmuxv1.CreateLeadRequest{
		Lead: harness.Person(person), Accounts: c.plan.accounts, RequestId: fmt.Sprintf("%s-%d", c.life, person), Wait: harness.Wait(wait),
		VendorOptions: c.options(),
	}
}

func (c *caller) options() *leadmuxv1.VendorOptions {
	if !c.plan.campaign {
		return nil
	}
	return &leadmuxv1.VendorOptions{Ujet: &leadmuxv1.UjetOptions{CampaignId: "1"}}
}

func (c *caller) change(s step, id, requestID string) proto.Message {
	wait := harness.Wait(s.wait)
	switch s.rpc {
	case "UpdateLead":
		return &leadmuxv1.UpdateLeadRequest{
			Lead: &leadmuxv1.Lead{LeadId: id, FirstName: s.name}, UpdateMask: &fieldmaskpb.FieldMask{Paths: []string{"first_name"}},
			RequestId: requestID, Wait: wait,
		}
	case "EngageLead":
		return &leadmuxv1.EngageLeadRequest{LeadId: id, Accounts: c.plan.accounts, RequestId: requestID, Wait: wait, VendorOptions: c.options()}
	case "OptOutLead":
		return &leadmuxv1.OptOutLeadRequest{LeadId: id, RequestId: requestID, Wait: wait}
	case "EndConversation":
		return &leadmuxv1.EndConversationRequest{LeadId: id, RequestId: requestID, Wait: wait}
	case "StopConversation":
		return &leadmuxv1.StopConversationRequest{LeadId: id, RequestId: requestID, Wait: wait}
	default:
		return &leadmuxv1.DeferConversationRequest{LeadId: id, RequestId: requestID, Wait: wait}
	}
}

// untilClosed waits until a conversation that was ended is over at every vendor, so that it can be opened again; at once when it
// was opened again before.
func (c *caller) untilClosed(t *testing.T) error {
	t.Helper()
	for _, id := range c.leads {
		err := c.until(t, func() (bool, error) {
			lead, err := c.get(t, id)
			if err != nil {
				return false, err
			}
			closed := true
			for _, e := range lead.GetEngagements() {
				closed = closed && (len(e.GetClosed()) > 0 || over[harness.State(e)])
			}
			return closed, nil
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// over are the states of a conversation that has ended.
var over = map[string]bool{"QUALIFIED": true, "UNQUALIFIED": true}

// until looks until probe is content, or fails the plan when that takes too long.
func (c *caller) until(t *testing.T, probe func() (bool, error)) error {
	t.Helper()
	deadline := time.NewTimer(settled)
	defer deadline.Stop()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		if ok, err := probe(); ok || err != nil {
			return err
		}
		select {
		case <-tick.C:
		case <-deadline.C:
			return c.refuse("the conversations of %v are not over within %s", c.leads, settled)
		}
	}
}

func (c *caller) get(t *testing.T, id string) (*leadmuxv1.Lead, error) {
	t.Helper()
	var out leadmuxv1.GetLeadResponse
	err := c.call(t, "GetLead", &leadmuxv1.GetLeadRequest{LeadId: id}, &out)
	return out.GetLead(), err
}

// call makes one call. An answer that is no success must mean that the service is gone.
func (c *caller) call(t *testing.T, rpc string, in, out proto.Message) error {
	t.Helper()
	body, err := protojson.Marshal(in)
	if err != nil {
		t.Error(err)
		return err
	}
	answer, err := c.server.Do(context.Background(), harness.Call{Via: c.plan.via, Method: "LeadService." + rpc, Body: string(body)})
	switch {
	case err != nil || answer.Code == codes.Unavailable:
		return errGone
	case answer.Code != codes.OK:
		return c.refuse("%s is answered %s %s", rpc, answer.Code, answer.Body)
	}
	return protojson.Unmarshal(answer.Body, out)
}

func (c *caller) refuse(format string, args ...any) error {
	c.refused = fmt.Sprintf(format, args...)
	return errors.New(c.refused)
}

// acknowledge writes an answer down: lead number k of the plan has this ID, and the vendors have it under these.
func (c *caller) acknowledge(k int, lead *leadmuxv1.Lead) error {
	switch {
	case lead.GetLeadId() == "":
		return c.refuse("an answer has no lead")
	case k == len(c.leads):
		c.leads = append(c.leads, lead.GetLeadId())
	case c.leads[k] != lead.GetLeadId():
		return c.refuse("a request was answered with %s, and repeated with %s", c.leads[k], lead.GetLeadId())
	}
	for _, e := range lead.GetEngagements() {
		if id := e.GetVendorLeadId(); id != "" {
			if c.vendorID[id] == nil {
				c.vendorID[id] = map[string]bool{}
			}
			c.vendorID[id][e.GetAccount()] = true
		}
	}
	return nil
}
