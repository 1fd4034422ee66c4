package server

import (
	"context"
	"errors"

	"github.com/grpc-ecosystem/grpc-gateway/v2/runtime"
	"google.golang.org/grpc"

	leadmuxv1 "github.com/leadmux/leadmux/gen/leadmux/v1"
)

// registerForwarded gives the gateway the services whose RPCs go to vendors as they are, most of them of a contact centre.
func registerForwarded(ctx context.Context, mux *runtime.ServeMux, conn grpc.ClientConnInterface) error {
	return errors.Join(
		leadmuxv1.RegisterCallServiceHandlerClient(ctx, mux, leadmuxv1.NewCallServiceClient(conn)),
		leadmuxv1.RegisterChatServiceHandlerClient(ctx, mux, leadmuxv1.NewChatServiceClient(conn)),
		leadmuxv1.RegisterEndUserServiceHandlerClient(ctx, mux, leadmuxv1.NewEndUserServiceClient(conn)),
		leadmuxv1.RegisterQueueServiceHandlerClient(ctx, mux, leadmuxv1.NewQueueServiceClient(conn)),
		leadmuxv1.RegisterQueueSettingsServiceHandlerClient(ctx, mux, leadmuxv1.NewQueueSettingsServiceClient(conn)),
		leadmuxv1.RegisterCampaignServiceHandlerClient(ctx, mux, leadmuxv1.NewCampaignServiceClient(conn)),
		leadmuxv1.RegisterAgentServiceHandlerClient(ctx, mux, leadmuxv1.NewAgentServiceClient(conn)),
		leadmuxv1.RegisterAgentImportServiceHandlerClient(ctx, mux, leadmuxv1.NewAgentImportServiceClient(conn)),
		leadmuxv1.RegisterDoNotCallServiceHandlerClient(ctx, mux, leadmuxv1.NewDoNotCallServiceClient(conn)),
		leadmuxv1.RegisterContactListServiceHandlerClient(ctx, mux, leadmuxv1.NewContactListServiceClient(conn)),
		leadmuxv1.RegisterVendorWebhookServiceHandlerClient(ctx, mux, leadmuxv1.NewVendorWebhookServiceClient(conn)),
	)
}
