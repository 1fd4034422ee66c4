package service

import (
	"context"

	leadmuxv1 "github.com/leadmux/leadmux/gen/leadmux/v1"
)

// LookupChat finds a chat by the vendor's ID.
func (s *ChatService) LookupChat(ctx context.Context, request *leadmuxv1.LookupChatRequest) (*leadmuxv1.LookupChatResponse, error) {
	chat, err := chatKind.lookup(ctx, s.cfg, request.GetAccount(), request.GetVendorChatId())
	return &leadmuxv1.LookupChatResponse{Chat: chat}, err
}

// LinkChat ties a vendor's chat to one of ours.
func (s *ChatService) LinkChat(ctx context.Context, request *leadmuxv1.LinkChatRequest) (*leadmuxv1.LinkChatResponse, error) {
	chat, err := chatKind.link(ctx, s.cfg, "LinkChat", request, request.GetVendorChatId(), request.GetChatId())
	return &leadmuxv1.LinkChatResponse{Chat: chat}, err
}
