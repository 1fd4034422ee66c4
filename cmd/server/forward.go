package main

import (
	leadmuxv1 "github.com/leadmux/leadmux/gen/leadmux/v1"
	"github.com/leadmux/leadmux/internal/adapters/convertalk"
	"github.com/leadmux/leadmux/internal/adapters/ujet"
	"github.com/leadmux/leadmux/internal/adapters/verse"
	"github.com/leadmux/leadmux/internal/server"
	"github.com/leadmux/leadmux/internal/service"
)

// partlyForwarded are the services some or all of whose RPCs go to the vendors as they are, each with the implementation of those
// that do not.
func partlyForwarded(cfg service.Config) []server.Service {
	calls, chats := service.NewSessions(cfg)
	return []server.Service{
		{Desc: &leadmuxv1.CallService_ServiceDesc, Impl: calls},
		{Desc: &leadmuxv1.ChatService_ServiceDesc, Impl: chats},
		{Desc: &leadmuxv1.EndUserService_ServiceDesc, Impl: leadmuxv1.UnimplementedEndUserServiceServer{}},
		{Desc: &leadmuxv1.QueueService_ServiceDesc, Impl: leadmuxv1.UnimplementedQueueServiceServer{}},
		{Desc: &leadmuxv1.QueueSettingsService_ServiceDesc, Impl: leadmuxv1.UnimplementedQueueSettingsServiceServer{}},
		{Desc: &leadmuxv1.CampaignService_ServiceDesc, Impl: leadmuxv1.UnimplementedCampaignServiceServer{}},
		{Desc: &leadmuxv1.AgentService_ServiceDesc, Impl: leadmuxv1.UnimplementedAgentServiceServer{}},
		{Desc: &leadmuxv1.AgentImportService_ServiceDesc, Impl: leadmuxv1.UnimplementedAgentImportServiceServer{}},
		{Desc: &leadmuxv1.DoNotCallService_ServiceDesc, Impl: leadmuxv1.UnimplementedDoNotCallServiceServer{}},
		{Desc: &leadmuxv1.ContactListService_ServiceDesc, Impl: leadmuxv1.UnimplementedContactListServiceServer{}},
		{Desc: &leadmuxv1.VendorWebhookService_ServiceDesc, Impl: leadmuxv1.UnimplementedVendorWebhookServiceServer{}},
	}
}

// isForwarded says whether any vendor has an RPC as it is.
func isForwarded(rpc string) bool {
	_, ujetHas := ujet.Forwards()[rpc]
	_, verseHas := verse.Forwards()[rpc]
	return ujetHas || verseHas || convertalk.Forwards(rpc)
}

// forwarded are those services with their routes. It warns of the routes that rest on an assumption.
func forwarded(cfg service.Config) ([]server.Service, error) {
	forwarding := service.NewForwarding(cfg, isForwarded)
	all := partlyForwarded(cfg)
	for i := range all {
		desc, err := forwarding.Service(all[i].Desc)
		if err != nil {
			return nil, err
		}
		all[i].Desc = desc
	}
	warnOfAssumptions(cfg.Accounts.All(), cfg.Logger)
	return all, nil
}
