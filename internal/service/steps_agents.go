package service

import (
	"fmt"
	"net/netip"
	"strings"

	"google.golang.org/protobuf/types/known/timestamppb"

	leadmuxv1 "github.com/leadmux/leadmux/gen/leadmux/v1"
	"github.com/leadmux/leadmux/internal/rpcerr"
)

// agentFilter refuses what the vendor would: two kinds of filter, a filter with paging, an end before its beginning.
func agentFilter(_ *forward, r *leadmuxv1.ListAgentsRequest) error {
	var kinds []string
	for _, k := range []struct {
		field string
		given bool
	}{
		{"agent_ids", len(r.GetAgentIds()) > 0}, {"agent_numbers", len(r.GetAgentNumbers()) > 0},
		{"status_ids", len(r.GetStatusIds()) > 0}, {"online", r.Online != nil}, {"wrap_up", r.WrapUp != nil},
		{"locations", len(r.GetLocations()) > 0}, {"emails", len(r.GetEmails()) > 0},
		{"last_login_after", r.GetLastLoginAfter() != nil || r.GetLastLoginBefore() != nil},
		{"status_updated_after", r.GetStatusUpdatedAfter() != nil || r.GetStatusUpdatedBefore() != nil},
	} {
		if k.given {
			kinds = append(kinds, k.field)
		}
	}
	switch {
	case len(kinds) > 1:
		return rpcerr.Invalid(kinds[1], "cannot be combined with %s: give one kind of filter", kinds[0])
	case len(kinds) == 1 && r.GetPageSize() != 0:
		return rpcerr.Invalid("page_size", "cannot go with the filter %s: leave one of them out", kinds[0])
	case len(kinds) == 1 && r.GetPageToken() != "":
		return rpcerr.Invalid("page_token", "cannot go with the filter %s: leave one of them out", kinds[0])
	}
	for i, address := range r.GetEmails() {
		if err := emailAddress(fmt.Sprintf("emails[%d]", i), address); err != nil {
			return err
		}
	}
	if err := inOrder("last_login_before", r.GetLastLoginAfter(), r.GetLastLoginBefore()); err != nil {
		return err
	}
	return inOrder("status_updated_before", r.GetStatusUpdatedAfter(), r.GetStatusUpdatedBefore())
}

// inOrder refuses an end that is not after its beginning; field names the end.
func inOrder(field string, from, to *timestamppb.Timestamp) error {
	if from != nil && to != nil && !to.AsTime().After(from.AsTime()) {
		return rpcerr.Invalid(field, "must be later than %s", strings.Replace(field, "before", "after", 1))
	}
	return nil
}

// someAgents refuses a request that names nobody.
func someAgents(r interface {
	GetAgentIds() []string
	GetTeamIds() []string
}) error {
	if len(r.GetAgentIds())+len(r.GetTeamIds()) > 0 {
		return nil
	}
	const rule = "name at least one agent or team"
	return rpcerr.Invalid("agent_ids", rule).Field("team_ids", rule)
}

func logoutTargets(_ *forward, r *leadmuxv1.ForceLogoutAgentsRequest) error {
	if len(r.GetAgentIds())+len(r.GetTeamIds())+len(r.GetIpAddresses()) == 0 {
		const rule = "name at least one agent, team or network address"
		return rpcerr.Invalid("agent_ids", rule).Field("team_ids", rule).Field("ip_addresses", rule)
	}
	for i, text := range r.GetIpAddresses() {
		if !isNetwork(text) {
			return rpcerr.Invalid(fmt.Sprintf("ip_addresses[%d]", i),
				"must be an address, a network such as 192.0.2.0/24, or a range such as 192.0.2.1-192.0.2.9")
		}
	}
	return nil
}

// isNetwork says whether a text is an address, a network or a range of addresses.
func isNetwork(text string) bool {
	if from, to, isRange := strings.Cut(text, "-"); isRange {
		first, err := netip.ParseAddr(strings.TrimSpace(from))
		last, err2 := netip.ParseAddr(strings.TrimSpace(to))
		return err == nil && err2 == nil && first.Is4() == last.Is4() && !last.Less(first)
	}
	if _, err := netip.ParsePrefix(text); err == nil {
		return true
	}
	_, err := netip.ParseAddr(text)
	return err == nil
}
