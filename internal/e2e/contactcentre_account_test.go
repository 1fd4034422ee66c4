package e2e_test

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"google.golang.org/grpc/codes"

	leadmuxv1 "github.com/leadmux/leadmux/gen/leadmux/v1"
	"github.com/leadmux/leadmux/internal/e2e/harness"
	"github.com/leadmux/leadmux/internal/sandbox/ujet"
)

// secretFile is a file that holds a secret, as the configuration names it.
func secretFile(t *testing.T, secret string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "secret")
	if err := os.WriteFile(path, []byte(secret+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	return fmt.Sprintf("{file: %q}", path)
}

// TestSignedCustomData gives calls and chats data that the company secret signs: the vendor takes it, and no longer once its secret is
// another one.
func TestSignedCustomData(t *testing.T) {
	inCentre(t, harness.Options{UJET: "company_secret: " + secretFile(t, ujet.DefaultCompanySecret)}, func(t *testing.T, c centre) {
		chatID, _ := c.aChat(t, "crm-1001")
		var call struct{ Call struct{ CallID string } }
		c.ask(t, "CreateCall", `{"inbound": {"menuId": "11", "endUserNumber": "+14155550142"}}`, &call)
		const data = `"data": {"order": {"label": "Order", "value": 4711}, "reserved_verified_customer": {"value": true}}}`
		for _, one := range []struct{ rpc, body string }{
			{"SetCallCustomData", `{"callId": "` + call.Call.CallID + `", "signed": true, ` + data},
			{"SetChatCustomData", `{"chatId": "` + chatID + `", "signed": true, ` + data},
			{"SetChatCustomData", `{"chatId": "` + chatID + `", ` + data},
		} {
			c.ask(t, one.rpc, one.body, &struct{}{})
		}
		var flags struct {
			CustomerFlags struct{ VerifiedCustomer bool }
		}
		c.ask(t, "GetCallCustomerFlags", `{"callId": "`+call.Call.CallID+`"}`, &flags)
		if !flags.CustomerFlags.VerifiedCustomer {
			t.Error("the vendor did not read what was signed")
		}
		c.env.Vendors.Get(harness.UJET).Set(t, `{"companySecret": "another-company-secret"}`)
		forged := c.try(t, "SetCallCustomData", `{"callId": "`+call.Call.CallID+`", "signed": true, `+data)
		if forged.Code != codes.InvalidArgument || forged.Reason() != "VENDOR_REFUSED" {
			t.Errorf("signed with a secret that is not the vendor's: %v %s", forged.Code, forged.Body)
		}
	})
}

// TestRoutesOfAnAccount replaces one route: requests go there, ListCapabilities says so of that RPC alone and has the evidence of every
// one, and the service warns once a start of the routes that still rest on an assumption.
func TestRoutesOfAnAccount(t *testing.T) {
	t.Parallel()
	env := suite.Start(t, harness.Options{UJET: `routes: {CreateContactList: "POST /phone_books"}`})
	c := centre{env, harness.REST}
	if answer := c.try(t, "CreateContactList", `{"contactList": {"name": "Clinics"}}`); answer.Reason() != "VENDOR_ROUTE_UNKNOWN" {
		t.Errorf("%v %s", answer.Code, answer.Body) // the emulator has it elsewhere
	}
	if sent := env.Vendors.Get(harness.UJET).Requests(t); len(sent) != 1 || sent[0].Method+" "+sent[0].Path != "POST /phone_books" {
		t.Errorf("the vendor was asked %v", sent)
	}
	var assumed []string
	forwarded := 0
	for _, via := range harness.Vias() {
		var listed leadmuxv1.ListCapabilitiesResponse
		env.Server.Client(via).Must(t, "AccountService.ListCapabilities", &leadmuxv1.ListCapabilitiesRequest{}, &listed)
		assumed, forwarded = nil, 0
		for _, one := range listed.GetCapabilities() {
			if one.GetAccount() != harness.UJET {
				continue
			}
			forwarded++
			if overridden := one.GetRpc() == "CreateContactList"; one.GetRouteOverridden() != overridden || overridden && one.GetRoute() != "POST /phone_books" {
				t.Errorf("%s: route %s, overridden %v", one.GetRpc(), one.GetRoute(), one.GetRouteOverridden())
			}
			if one.GetEvidence() == leadmuxv1.Evidence_EVIDENCE_UNSPECIFIED || one.GetIdempotencyClass() == 0 {
				t.Errorf("%s has evidence %s, class %s", one.GetRpc(), one.GetEvidence(), one.GetIdempotencyClass())
			}
			if one.GetEvidence() == leadmuxv1.Evidence_EVIDENCE_D && !one.GetRouteOverridden() {
				assumed = append(assumed, one.GetRpc())
			}
		}
	}
	if forwarded < 66 || len(assumed) != 14 || slices.Contains(assumed, "CreateContactList") {
		t.Errorf("%d capabilities, assumed %v", forwarded, assumed)
	}
	for start := 1; start <= 2; start++ {
		var warnings []string
		for line := range strings.Lines(env.Server.Output()) {
			if strings.Contains(line, "rest on an assumption") && strings.Contains(line, `"vendor":"ujet"`) {
				warnings = append(warnings, line)
			}
		}
		if len(warnings) != start || !strings.Contains(warnings[start-1], `"rpcs":"`+strings.Join(assumed, ", ")+`"`) {
			t.Errorf("after %d starts there are the warnings %q", start, warnings)
		}
		if start == 1 {
			env.Server.Restart(t)
		}
	}
}
