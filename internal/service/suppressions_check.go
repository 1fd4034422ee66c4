package service

import (
	"context"

	"google.golang.org/protobuf/types/known/timestamppb"

	leadmuxv1 "github.com/leadmux/leadmux/gen/leadmux/v1"
	"github.com/leadmux/leadmux/internal/delivery"
	"github.com/leadmux/leadmux/internal/idmap"
	"github.com/leadmux/leadmux/internal/rpcerr"
)

// CheckContact says whether a person may be contacted, and if not, why.
func (s *SuppressionService) CheckContact(ctx context.Context, request *leadmuxv1.CheckContactRequest) (*leadmuxv1.CheckContactResponse, error) {
	p, err := principal(ctx)
	if err != nil {
		return nil, err
	}
	who, err := s.leads.person(request)
	if err != nil {
		return nil, err
	}
	if request.GetAccount() != "" {
		if _, err := s.leads.accountFor(p, request.GetAccount()); err != nil {
			return nil, err
		}
	}
	response := &leadmuxv1.CheckContactResponse{}
	err = s.cfg.Store.View(ctx, func(r idmap.Reader) error {
		response.Blocks = nil
		if who.LeadID != "" {
			lead, err := r.Lead(p.Tenant, who.LeadID)
			if err != nil {
				return leadNotFound(err)
			}
			who = delivery.PersonOf(lead)
			response.Blocks = deniedConsent(lead.GetConsent(), request.GetChannel())
		}
		found, err := delivery.AllSuppressed(r, p.Tenant, who, request.GetAccount(), request.GetChannel())
		for _, suppression := range found {
			response.Blocks = append(response.Blocks, suppressionBlock(suppression))
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	response.MayContact = len(response.GetBlocks()) == 0
	return response, nil
}

func suppressionBlock(s *leadmuxv1.Suppression) *leadmuxv1.ContactBlock {
	refusal := delivery.SuppressedError(s)
	return &leadmuxv1.ContactBlock{
		Reason: rpcerr.Name(refusal.Reason), SuppressionId: s.GetSuppressionId(), Channels: s.GetBlocked(), Time: s.GetTime(),
		Message: refusal.Message,
	}
}

// deniedConsent is what the lead itself says against a channel.
func deniedConsent(consent *leadmuxv1.Consent, channel leadmuxv1.ContactChannel) []*leadmuxv1.ContactBlock {
	var blocks []*leadmuxv1.ContactBlock
	for _, of := range []struct {
		channel leadmuxv1.ContactChannel
		consent *leadmuxv1.ChannelConsent
	}{
		{leadmuxv1.ContactChannel_CONTACT_CHANNEL_SMS, consent.GetSms()},
		{leadmuxv1.ContactChannel_CONTACT_CHANNEL_EMAIL, consent.GetEmail()},
		{leadmuxv1.ContactChannel_CONTACT_CHANNEL_CALL, consent.GetCall()},
	} {
		asked := channel == of.channel || channel <= leadmuxv1.ContactChannel_CONTACT_CHANNEL_ALL
		if !asked || of.consent.GetState() != leadmuxv1.ConsentState_CONSENT_STATE_DENIED {
			continue
		}
		blocks = append(blocks, deniedBlock(of.channel, of.consent.GetTime()))
	}
	return blocks
}

func deniedBlock(channel leadmuxv1.ContactChannel, since *timestamppb.Timestamp) *leadmuxv1.ContactBlock {
	return &leadmuxv1.ContactBlock{
		Reason:   rpcerr.Name(leadmuxv1.ErrorReason_ERROR_REASON_CONSENT_DENIED),
		Channels: []leadmuxv1.ContactChannel{channel}, Time: since,
		Message: "the lead's own consent says that the person refused this channel",
	}
}
