package server

import (
	"google.golang.org/grpc"

	leadmuxv1 "github.com/leadmux/leadmux/gen/leadmux/v1"
)

// more are the other services of the API, without implementation but for the files of a test.
func (f *fixture) more() []Service {
	var all []Service
	for _, one := range []struct {
		desc *grpc.ServiceDesc
		impl any
	}{
		{&leadmuxv1.SuppressionService_ServiceDesc, leadmuxv1.UnimplementedSuppressionServiceServer{}},
		{&leadmuxv1.SubscriptionService_ServiceDesc, leadmuxv1.UnimplementedSubscriptionServiceServer{}},
		{&leadmuxv1.CallService_ServiceDesc, leadmuxv1.UnimplementedCallServiceServer{}},
		{&leadmuxv1.ChatService_ServiceDesc, leadmuxv1.UnimplementedChatServiceServer{}},
		{&leadmuxv1.EndUserService_ServiceDesc, leadmuxv1.UnimplementedEndUserServiceServer{}},
		{&leadmuxv1.QueueService_ServiceDesc, leadmuxv1.UnimplementedQueueServiceServer{}},
		{&leadmuxv1.QueueSettingsService_ServiceDesc, &f.settings},
		{&leadmuxv1.CampaignService_ServiceDesc, leadmuxv1.UnimplementedCampaignServiceServer{}},
		{&leadmuxv1.AgentService_ServiceDesc, leadmuxv1.UnimplementedAgentServiceServer{}},
		{&leadmuxv1.AgentImportService_ServiceDesc, leadmuxv1.UnimplementedAgentImportServiceServer{}},
		{&leadmuxv1.DoNotCallService_ServiceDesc, leadmuxv1.UnimplementedDoNotCallServiceServer{}},
		{&leadmuxv1.ContactListService_ServiceDesc, leadmuxv1.UnimplementedContactListServiceServer{}},
		{&leadmuxv1.VendorWebhookService_ServiceDesc, leadmuxv1.UnimplementedVendorWebhookServiceServer{}},
	} {
		all = append(all, Service{Desc: one.desc, Impl: one.impl})
	}
	return all
}
