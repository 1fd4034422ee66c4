package service_test

import (
	"encoding/base64"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/types/known/timestamppb"

	leadmuxv1 "github.com/leadmux/leadmux/gen/leadmux/v1"
	"github.com/leadmux/leadmux/internal/adapters"
	"github.com/leadmux/leadmux/internal/seal"
	"github.com/leadmux/leadmux/internal/service"
)

// fill creates n leads and returns their IDs, newest first.
func (r *rig) fill(n int) []string {
	r.t.Helper()
	ids := make([]string, n)
	for i := range n {
		ids[n-1-i] = r.create(&leadmuxv1.Lead{Phone: fmt.Sprintf("41555501%02d", i)}).GetLeadId()
	}
	return ids
}

func (r *rig) page(request *leadmuxv1.ListLeadsRequest) ([]string, string) {
	r.t.Helper()
	response, err := r.ListLeads(r.ctx, request)
	if err != nil {
		r.t.Fatal(err)
	}
	var ids []string
	for _, lead := range response.GetLeads() {
		ids = append(ids, lead.GetLeadId())
	}
	return ids, response.GetNextPageToken()
}

func TestPagesFollowEachOther(t *testing.T) {
	inTime(t, func(t *testing.T, r *rig) {
		want := r.fill(7)
		request := &leadmuxv1.ListLeadsRequest{PageSize: 3}
		var got []string
		for pages := 1; ; pages++ {
			ids, next := r.page(request)
			got = append(got, ids...)
			r.create(&leadmuxv1.Lead{Phone: fmt.Sprintf("41555502%02d", pages)}) // new leads do not disturb the walk
			if next == "" {
				break
			}
			request.PageToken = next
			request.PageSize = 2 // the size may change, the filters may not
		}
		equal(t, "leads", got, want)
		if ids, _ := r.page(&leadmuxv1.ListLeadsRequest{}); len(ids) != 10 {
			t.Errorf("%d leads on a page of the usual size", len(ids))
		}
	})
}

func TestPagesHaveFiftyLeadsByDefault(t *testing.T) {
	inTime(t, func(t *testing.T, r *rig) {
		r.fill(55)
		if ids, next := r.page(&leadmuxv1.ListLeadsRequest{}); len(ids) != 50 || next == "" {
			t.Errorf("%d leads, next %q", len(ids), next)
		}
	})
}

func TestAPageTokenIsGoodForItsOwnListOnly(t *testing.T) {
	inTime(t, func(t *testing.T, r *rig) {
		r.fill(5)
		_, token := r.page(&leadmuxv1.ListLeadsRequest{PageSize: 2, Account: "west"})
		tokens := map[string]string{
			"made up": "abc", "not base64": "!!!", "too short": token[:10], "longer": token + "AA", "padded": token + "=", "blank": " ",
			"a lead's ID": base64.RawURLEncoding.EncodeToString([]byte("lead_00000000000000000000000000")),
		}
		const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
		last := strings.IndexByte(alphabet, token[len(token)-1])
		tokens["another spelling of the same bytes"] = token[:len(token)-1] + alphabet[last^1:last^1+1]
		raw, err := base64.RawURLEncoding.DecodeString(token)
		if err != nil {
			t.Fatal(err)
		}
		for i := range raw {
			raw[i] ^= 1
			tokens[fmt.Sprintf("byte %d changed", i)] = base64.RawURLEncoding.EncodeToString(raw)
			raw[i] ^= 1
		}
		for name, bad := range tokens {
			_, err := r.ListLeads(r.ctx, &leadmuxv1.ListLeadsRequest{Account: "west", PageToken: bad})
			t.Log(name)
			refused(t, err, codes.InvalidArgument, "PAGE_TOKEN_INVALID", "page_token")
		}
		for name, request := range map[string]*leadmuxv1.ListLeadsRequest{
			"no account":      {},
			"another account": {Account: "east"},
			"a state":         {Account: "west", State: leadmuxv1.EngagementState_ENGAGEMENT_STATE_ACTIVE},
			"updated after":   {Account: "west", UpdatedAfter: timestamppb.Now()},
			"updated before":  {Account: "west", UpdatedBefore: timestamppb.Now()},
		} {
			request.PageToken = token
			_, err := r.ListLeads(r.ctx, request)
			t.Log(name)
			refused(t, err, codes.InvalidArgument, "PAGE_TOKEN_INVALID", "page_token")
		}
		if ids, _ := r.page(&leadmuxv1.ListLeadsRequest{Account: "west", PageToken: token}); len(ids) != 3 {
			t.Errorf("with the good token: %d leads", len(ids))
		}
	})
}

func TestAPageTokenIsGoodForItsOwnTenantAndSecretOnly(t *testing.T) {
	inTime(t, func(t *testing.T, r *rig) {
		r.fill(5)
		_, token := r.page(&leadmuxv1.ListLeadsRequest{PageSize: 2})
		_, err := r.ListLeads(r.another, &leadmuxv1.ListLeadsRequest{PageToken: token})
		refused(t, err, codes.InvalidArgument, "PAGE_TOKEN_INVALID", "page_token")

		secret, err := seal.NewSecret([]byte("another secret of at least 32 bytes"))
		if err != nil {
			t.Fatal(err)
		}
		elsewhere, _ := service.New(service.Config{Store: r.store, Accounts: r.set, Dispatcher: r.d, Secret: secret, Region: "US"})
		_, err = elsewhere.ListLeads(r.ctx, &leadmuxv1.ListLeadsRequest{PageToken: token})
		refused(t, err, codes.InvalidArgument, "PAGE_TOKEN_INVALID", "page_token")
	})
}

func TestListLeadsFilters(t *testing.T) {
	inTime(t, func(t *testing.T, r *rig) {
		first := r.create(&leadmuxv1.Lead{Phone: "4155550142"})
		<-time.After(time.Hour)
		r.verse.answer = fails(adapters.KindInvalid)
		second := r.create(&leadmuxv1.Lead{Phone: "4155550143"})
		synctest.Wait()
		for name, c := range map[string]struct {
			request *leadmuxv1.ListLeadsRequest
			want    []string
		}{
			"none":           {&leadmuxv1.ListLeadsRequest{}, []string{second.GetLeadId(), first.GetLeadId()}},
			"account":        {&leadmuxv1.ListLeadsRequest{Account: "west"}, []string{second.GetLeadId(), first.GetLeadId()}},
			"no such":        {&leadmuxv1.ListLeadsRequest{Account: "east"}, nil},
			"state":          {&leadmuxv1.ListLeadsRequest{State: leadmuxv1.EngagementState_ENGAGEMENT_STATE_REJECTED}, []string{second.GetLeadId()}},
			"updated after":  {&leadmuxv1.ListLeadsRequest{UpdatedAfter: first.GetUpdateTime()}, []string{second.GetLeadId()}},
			"updated before": {&leadmuxv1.ListLeadsRequest{UpdatedBefore: second.GetUpdateTime()}, []string{first.GetLeadId()}},
		} {
			ids, _ := r.page(c.request)
			equal(t, name, ids, c.want)
		}
		_, err := r.ListLeads(r.ctx, &leadmuxv1.ListLeadsRequest{Account: "theirs"})
		refused(t, err, codes.NotFound, "ACCOUNT_NOT_FOUND")
		if response, err := r.ListLeads(r.another, &leadmuxv1.ListLeadsRequest{}); err != nil || len(response.GetLeads()) != 0 {
			t.Errorf("another tenant sees %v, %v", response, err)
		}
	})
}
