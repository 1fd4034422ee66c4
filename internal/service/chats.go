package service

import (
	"context"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	leadmuxv1 "github.com/leadmux/leadmux/gen/leadmux/v1"
	"github.com/leadmux/leadmux/internal/idmap"
	"github.com/leadmux/leadmux/internal/typeid"
)

func (s *ChatService) chat(ctx context.Context, tenant, chatID string) (chat *leadmuxv1.Chat, err error) {
	err = s.cfg.Store.View(ctx, func(r idmap.Reader) error {
		chat, err = r.Chat(tenant, chatID)
		return chatNotFound(err)
	})
	return chat, err
}

// LookupChat finds a chat by the vendor's ID.
func (s *ChatService) LookupChat(ctx context.Context, request *leadmuxv1.LookupChatRequest) (*leadmuxv1.LookupChatResponse, error) {
	p, err := principal(ctx)
	if err != nil {
		return nil, err
	}
	account, err := s.cfg.named(p, request.GetAccount())
	if err != nil {
		return nil, err
	}
	response := &leadmuxv1.LookupChatResponse{}
	err = s.cfg.Store.View(ctx, func(r idmap.Reader) error {
		id, err := r.Owner(p.Tenant, idmap.VendorRef{Account: account.Name, Kind: idmap.KindChat, VendorID: request.GetVendorChatId()})
		if err == nil {
			response.Chat, err = r.Chat(p.Tenant, id)
		}
		return chatNotFound(err)
	})
	return response, err
}

// LinkChat ties a vendor's chat to one of ours.
func (s *ChatService) LinkChat(ctx context.Context, request *leadmuxv1.LinkChatRequest) (*leadmuxv1.LinkChatResponse, error) {
	p, err := principal(ctx)
	if err != nil {
		return nil, err
	}
	account, err := s.cfg.named(p, request.GetAccount())
	if err != nil {
		return nil, err
	}
	key, err := s.cfg.requestKey(p.Tenant, "LinkChat", request.GetRequestId(), request)
	if err != nil {
		return nil, err
	}
	l := linking{
		cfg: s.cfg, caller: p, account: account, given: request.GetChatId(), field: "chat_id", leadID: request.GetLeadId(), key: key,
		ref: idmap.VendorRef{Account: account.Name, Kind: idmap.KindChat, VendorID: request.GetVendorChatId()},
	}
	id, err := l.ours(ctx, func(tx idmap.Tx) (string, error) {
		var before *leadmuxv1.Chat
		now := &leadmuxv1.Chat{ChatId: typeid.New(typeid.Chat), CreateTime: timestamppb.New(s.cfg.Now())}
		if l.given != "" {
			if before, err = tx.Chat(p.Tenant, l.given); err != nil {
				return "", chatNotFound(err)
			}
			if err := l.unlinked(before.GetAccount(), before.GetVendorChatId()); err != nil {
				return "", err
			}
			now = proto.CloneOf(before)
		}
		now.VendorChatId = l.ref.VendorID
		if l.leadID != "" {
			now.EndUser = &leadmuxv1.SessionEndUser{LeadId: l.leadID}
		}
		return now.GetChatId(), s.cfg.Dispatcher.PutChat(tx, p.Tenant, account, before, now)
	})
	if err != nil {
		return nil, err
	}
	chat, err := s.chat(ctx, p.Tenant, id)
	return &leadmuxv1.LinkChatResponse{Chat: chat}, err
}
