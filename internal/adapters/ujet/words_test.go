package ujet_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	leadmuxv1 "github.com/leadmux/leadmux/gen/leadmux/v1"
	"github.com/leadmux/leadmux/internal/adapters/ujet"
	"github.com/leadmux/leadmux/internal/adapters/vendorhttp"
)

// The statuses that the vendor's documents list, in the words printed there.
const (
	callStatuses = "Selecting, Queued, Assigned, Connecting, Connected, Finished, Failed, Switching, Recovered, Scheduled, Action Only, " +
		"Action Only Finished, Deflected, Voicemail, Voicemail Received, Voicemail Read"
	contactStatuses = "Upcoming, Dialing, Queued, Connected, Finished, Transferred, Transferred and Finished, Not Picked Up, " +
		"Not Reached to Contact, Abandoned by Contact, Skipped, Skipped & Closed, Invalid Number, Carrier Error, Abandoned by Dialer, " +
		"Voicemail Hung Up, Dialer General Error, Redial Scheduled, Do Not Call, Invalid Outbound Number, Blocked Phone Number"
	jobStatuses  = "created, valid_scheme, invalid_scheme, in_progress, finished"
	chatStatuses = "selecting, queued, assigned, finished, dismissed, va_dismissed"
)

// TestEveryStatusHasAValue reads every documented status: each is a value of its own beside the vendor's word, in whatever form it comes.
func TestEveryStatusHasAValue(t *testing.T) {
	t.Parallel()
	word := ""
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = fmt.Fprintf(w, `{"id": 1, "status": %q}`, word)
	}))
	t.Cleanup(server.Close)
	a := mustNew(t, ujet.Config{
		Account: "support", Subdomain: "customer", Token: "t", BaseURL: server.URL, Line: vendorhttp.NewLine(vendorhttp.LineConfig{}),
	})
	call := &leadmuxv1.CreateCallRequest{Form: &leadmuxv1.CreateCallRequest_OutboundByTicket{OutboundByTicket: &leadmuxv1.OutboundCallByTicket{TicketId: "1"}}}
	for words, read := range map[string]func() (int32, string, error){
		callStatuses: func() (int32, string, error) {
			var r leadmuxv1.CreateCallResponse
			_, err := a.Forward(t.Context(), "CreateCall", call, &r)
			return int32(r.GetCall().GetStatus()), r.GetCall().GetVendorStatus(), err
		},
		contactStatuses: func() (int32, string, error) {
			var r leadmuxv1.UpdateCampaignContactResponse
			_, err := a.Forward(t.Context(), "UpdateCampaignContact", &leadmuxv1.UpdateCampaignContactRequest{CampaignId: "1"}, &r)
			return int32(r.GetContact().GetState()), r.GetContact().GetStatus(), err
		},
		jobStatuses: func() (int32, string, error) {
			var r leadmuxv1.GetAgentImportResponse
			_, err := a.Forward(t.Context(), "GetAgentImport", &leadmuxv1.GetAgentImportRequest{JobId: "1"}, &r)
			return int32(r.GetAgentImport().GetState()), r.GetAgentImport().GetStatus(), err
		},
		chatStatuses: func() (int32, string, error) {
			var r leadmuxv1.GetChatResponse
			_, err := a.Forward(t.Context(), "GetChat", &leadmuxv1.GetChatRequest{ChatId: "1"}, &r)
			return int32(r.GetChat().GetStatus()), r.GetChat().GetVendorStatus(), err
		},
	} {
		seen := map[int32]string{}
		for printed := range strings.SplitSeq(words, ", ") {
			snake := strings.ToLower(strings.Join(strings.FieldsFunc(printed, func(r rune) bool { return r == ' ' || r == '&' }), "_"))
			for _, word = range []string{printed, snake} {
				value, kept, err := read()
				if err != nil || value == 0 || kept != word || seen[value] != "" && seen[value] != printed {
					t.Errorf("%q is the value %d, like %q, beside %q: %v", word, value, seen[value], kept, err)
				}
				seen[value] = printed
			}
		}
	}
}
