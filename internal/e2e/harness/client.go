package harness

import (
	"context"
	"testing"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/durationpb"

	leadmuxv1 "github.com/leadmux/leadmux/gen/leadmux/v1"
)

// Client calls the service over one transport with one API key, and fails its test when the connection does.
type Client struct {
	server *Server
	via    Via
	key    string
}

// Client is a caller with every scope.
func (s *Server) Client(via Via) Client { return Client{server: s, via: via, key: KeyFull} }

// As is the same caller with another API key.
func (c Client) As(key string) Client {
	c.key = key
	return c
}

// Try makes a call and returns the answer, whatever it is.
func (c Client) Try(tb testing.TB, method string, in proto.Message) Answer {
	tb.Helper()
	body, err := protojson.Marshal(in)
	must(tb, err)
	answer, err := c.server.Do(context.Background(), Call{Via: c.via, Method: method, Body: string(body), Key: c.key})
	if err != nil {
		tb.Fatalf("%s over %s: %v", method, c.via, err)
	}
	return answer
}

// Must makes a call that has to succeed and reads the response into out.
func (c Client) Must(tb testing.TB, method string, in, out proto.Message) {
	tb.Helper()
	answer := c.Try(tb, method, in)
	if answer.Code != codes.OK {
		tb.Fatalf("%s over %s: %s", method, c.via, answer.Body)
	}
	if err := protojson.Unmarshal(answer.Body, out); err != nil {
		tb.Fatalf("%s over %s: %v\n%s", method, c.via, err, answer.Body)
	}
}

// Create creates a lead and returns it.
func (c Client) Create(tb testing.TB, in *leadmuxv1.CreateLeadRequest) *leadmuxv1.Lead {
	tb.Helper()
	out := &leadmuxv1.CreateLeadResponse{}
	c.Must(tb, "LeadService.CreateLead", in, out)
	return out.GetLead()
}

// Change makes a call that has to succeed and answers with a lead, and returns that.
func (c Client) Change(tb testing.TB, method string, in proto.Message) *leadmuxv1.Lead {
	tb.Helper()
	answer := c.Try(tb, method, in)
	if answer.Code != codes.OK {
		tb.Fatalf("%s over %s: %s", method, c.via, answer.Body)
	}
	return answer.Lead(tb)
}

// Lead is the member "lead" of an answer.
func (a Answer) Lead(tb testing.TB) *leadmuxv1.Lead {
	tb.Helper()
	out := &leadmuxv1.GetLeadResponse{} // any answer with a lead has it under this name
	if err := (protojson.UnmarshalOptions{DiscardUnknown: true}).Unmarshal(a.Body, out); err != nil || out.GetLead() == nil {
		tb.Fatalf("no lead in the answer: %v\n%s", err, a.Body)
	}
	return out.GetLead()
}

// Get reads a lead.
func (c Client) Get(tb testing.TB, leadID string) *leadmuxv1.Lead {
	tb.Helper()
	out := &leadmuxv1.GetLeadResponse{}
	c.Must(tb, "LeadService.GetLead", &leadmuxv1.GetLeadRequest{LeadId: leadID}, out)
	return out.GetLead()
}

// Lookup finds a lead and returns its ID, empty for none.
func (c Client) Lookup(tb testing.TB, in *leadmuxv1.LookupLeadRequest) string {
	tb.Helper()
	answer := c.Try(tb, "LeadService.LookupLead", in)
	if answer.Code == codes.NotFound {
		return ""
	}
	out := &leadmuxv1.LookupLeadResponse{}
	if err := protojson.Unmarshal(answer.Body, out); err != nil {
		tb.Fatalf("look-up over %s: %s", c.via, answer.Body)
	}
	return out.GetLead().GetLeadId()
}

// List reads all leads, page by page, newest first.
func (c Client) List(tb testing.TB) []*leadmuxv1.Lead {
	tb.Helper()
	var all []*leadmuxv1.Lead
	in := &leadmuxv1.ListLeadsRequest{PageSize: 100}
	for {
		out := &leadmuxv1.ListLeadsResponse{}
		c.Must(tb, "LeadService.ListLeads", in, out)
		all = append(all, out.GetLeads()...)
		if out.GetNextPageToken() == "" {
			return all
		}
		in.PageToken = out.GetNextPageToken()
	}
}

// Test tests an account.
func (c Client) Test(tb testing.TB, account string) *leadmuxv1.TestAccountResponse {
	tb.Helper()
	out := &leadmuxv1.TestAccountResponse{}
	c.Must(tb, "AccountService.TestAccount", &leadmuxv1.TestAccountRequest{Account: account}, out)
	return out
}

// Reaches waits until the lead's engagements are as States describes them, and returns the lead.
func (c Client) Reaches(tb testing.TB, leadID, states string, within time.Duration) *leadmuxv1.Lead {
	tb.Helper()
	var lead *leadmuxv1.Lead
	Eventually(tb, within, "the lead's engagements are "+states, func() (string, bool) {
		lead = c.Get(tb, leadID)
		now := States(lead)
		return now, now == states
	})
	return lead
}

// Wait is how long a call waits for the vendors.
func Wait(d time.Duration) *durationpb.Duration { return durationpb.New(d) }
