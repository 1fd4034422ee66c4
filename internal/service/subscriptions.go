package service

import (
	"context"
	"errors"
	"time"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	leadmuxv1 "github.com/leadmux/leadmux/gen/leadmux/v1"
	"github.com/leadmux/leadmux/internal/auth"
	"github.com/leadmux/leadmux/internal/idmap"
	"github.com/leadmux/leadmux/internal/rpcerr"
	"github.com/leadmux/leadmux/internal/subscription"
	"github.com/leadmux/leadmux/internal/typeid"
)

const (
	// maxSubscriptions is how many a tenant may have: each is one more reader of the log and has places of its own.
	maxSubscriptions = 200
	// defaultInFlight is max_in_flight where the caller does not say.
	defaultInFlight = 8
)

// SubscriptionService implements leadmux.v1.SubscriptionService.
type SubscriptionService struct {
	leadmuxv1.UnsafeSubscriptionServiceServer
	cfg   Config
	hooks *subscription.Hooks
	check func(url string) error
}

var _ leadmuxv1.SubscriptionServiceServer = (*SubscriptionService)(nil)

// NewSubscriptions makes the service of subscriptions; check says what is wrong with a URL, and hooks is told of every change.
func NewSubscriptions(cfg Config, hooks *subscription.Hooks, check func(url string) error) *SubscriptionService {
	return &SubscriptionService{cfg: cfg.filled(), hooks: hooks, check: check}
}

// CreateSubscription makes a subscription.
func (s *SubscriptionService) CreateSubscription(ctx context.Context, request *leadmuxv1.CreateSubscriptionRequest) (*leadmuxv1.CreateSubscriptionResponse, error) {
	p, err := principal(ctx)
	if err != nil {
		return nil, err
	}
	made, err := s.fresh(p, request.GetSubscription())
	if err != nil {
		return nil, err
	}
	if request.GetFromStart() && request.GetAfter() != "" {
		return nil, rpcerr.Invalid("from_start", "begins with the oldest event; give it or after, not both")
	}
	key, err := s.cfg.requestKey(p.Tenant, "CreateSubscription", request.GetRequestId(), request)
	if err != nil {
		return nil, err
	}
	id, err := s.change(ctx, p.Tenant, key, func(tx idmap.Tx) (string, error) {
		if list, _, err := tx.ListSubscriptions(p.Tenant, "", maxSubscriptions); err != nil || len(list) == maxSubscriptions {
			return "", errors.Join(err, limitReached(len(list)))
		}
		place, err := s.begin(tx, p.Tenant, request)
		if err != nil {
			return "", err
		}
		id := made.Public.GetSubscriptionId()
		return id, errors.Join(tx.PutSubscription(p.Tenant, made), tx.PutProgress(p.Tenant, id, idmap.Progress{Place: place}))
	})
	if err != nil {
		return nil, err
	}
	response := &leadmuxv1.CreateSubscriptionResponse{}
	if id == made.Public.GetSubscriptionId() {
		response.Secret = made.Keys[0].Secret
	}
	response.Subscription, err = s.get(ctx, p.Tenant, id)
	return response, err
}

func limitReached(n int) error {
	if n < maxSubscriptions {
		return nil
	}
	return rpcerr.New(leadmuxv1.ErrorReason_ERROR_REASON_SUBSCRIPTION_LIMIT, "there are %d subscriptions, and there can be no more; delete one", n)
}

// fresh is a new subscription as a caller wants it.
func (s *SubscriptionService) fresh(p auth.Principal, given *leadmuxv1.Subscription) (idmap.Subscription, error) {
	now := s.cfg.Now()
	public := onlySet(given)
	public.SubscriptionId, public.CreateTime = typeid.New(typeid.Subscription), timestamppb.New(now)
	if err := s.complete(p, public); err != nil {
		return idmap.Subscription{}, err
	}
	s.follow(public, &leadmuxv1.Subscription{State: leadmuxv1.SubscriptionState_SUBSCRIPTION_STATE_ACTIVE})
	subscription.Touch(public, now)
	return idmap.Subscription{Public: public, Keys: []idmap.SigningKey{subscription.NewKey(public.GetSignature(), now)}}, nil
}

// onlySet is a subscription with nothing but what callers set.
func onlySet(given *leadmuxv1.Subscription) *leadmuxv1.Subscription {
	set := proto.CloneOf(given)
	m := set.ProtoReflect()
	for i := range m.Descriptor().Fields().Len() {
		if field := m.Descriptor().Fields().Get(i); settledHere(field) {
			m.Clear(field)
		}
	}
	return set
}

// complete fills in defaults and checks what a subscription says.
func (s *SubscriptionService) complete(p auth.Principal, public *leadmuxv1.Subscription) error {
	if public.GetUrl() == "" {
		return rpcerr.Invalid("subscription.url", "must say where events are posted to, such as https://hooks.example.com/leadmux")
	}
	if err := s.check(public.GetUrl()); err != nil {
		return rpcerr.Invalid("subscription.url", "%s", err)
	}
	for _, account := range public.GetAccounts() {
		if _, refusal := accountOf(s.cfg.Accounts, p, account); refusal != nil {
			return refusal
		}
	}
	if public.GetState() == leadmuxv1.SubscriptionState_SUBSCRIPTION_STATE_UNSPECIFIED {
		public.State = leadmuxv1.SubscriptionState_SUBSCRIPTION_STATE_ACTIVE
	}
	if public.GetSignature() == leadmuxv1.SignatureKind_SIGNATURE_KIND_UNSPECIFIED {
		public.Signature = leadmuxv1.SignatureKind_SIGNATURE_KIND_HMAC
	}
	if public.GetMaxInFlight() == 0 {
		public.MaxInFlight = defaultInFlight
	}
	return nil
}

// begin is the place in the log that a subscription begins behind.
func (s *SubscriptionService) begin(r idmap.Reader, tenant string, request *leadmuxv1.CreateSubscriptionRequest) (string, error) {
	start, end, err := r.LogBounds(tenant)
	switch {
	case err != nil:
		return "", err
	case request.GetFromStart():
		return start, nil
	case request.GetAfter() == "":
		return end, nil
	}
	return s.place(r, tenant, "after", request.GetAfter())
}

// place is where a cursor stands, if the log can be read from there.
func (s *SubscriptionService) place(r idmap.Reader, tenant, field, cursor string) (string, error) {
	places := cursors{s.cfg.Secret, tenant}
	place, err := places.place(cursor)
	if err == nil {
		_, err = r.ListEvents(tenant, idmap.EventFilter{}, place, 1)
	}
	switch {
	case errors.Is(err, idmap.ErrEventsGone):
		return "", eventsGone().Field(field, "lies before the oldest event that is kept")
	case err != nil:
		return "", rpcerr.New(leadmuxv1.ErrorReason_ERROR_REASON_CURSOR_INVALID, "%s is no cursor of this log as it is now", field).
			Field(field, "is no cursor of this log")
	}
	return place, nil
}

func eventsGone() *rpcerr.Error {
	return rpcerr.New(leadmuxv1.ErrorReason_ERROR_REASON_EVENTS_GONE, "what is asked for is kept no more (retention.events)")
}

// change changes the index for a request, unless that was carried out before; then tells whoever sends. do returns the subscription.
func (s *SubscriptionService) change(ctx context.Context, tenant string, key requestKey, do func(tx idmap.Tx) (string, error)) (id string, err error) {
	err = s.cfg.Store.Update(ctx, func(tx idmap.Tx) error {
		if id, err = key.before(tx, s.cfg.Now()); err != nil || id != "" {
			return err
		}
		if id, err = do(tx); err != nil {
			return err
		}
		return key.put(tx, id, s.cfg.Now())
	})
	if err != nil {
		return "", subscriptionNotFound(err)
	}
	s.hooks.Changed(tenant, id)
	return id, nil
}

func subscriptionNotFound(err error) error {
	if errors.Is(err, idmap.ErrNotFound) {
		return rpcerr.New(leadmuxv1.ErrorReason_ERROR_REASON_SUBSCRIPTION_NOT_FOUND, "no such subscription")
	}
	return err
}

// GetSubscription returns a subscription.
func (s *SubscriptionService) GetSubscription(ctx context.Context, request *leadmuxv1.GetSubscriptionRequest) (*leadmuxv1.GetSubscriptionResponse, error) {
	p, err := principal(ctx)
	if err != nil {
		return nil, err
	}
	found, err := s.get(ctx, p.Tenant, request.GetSubscriptionId())
	return &leadmuxv1.GetSubscriptionResponse{Subscription: found}, err
}

func (s *SubscriptionService) get(ctx context.Context, tenant, id string) (public *leadmuxv1.Subscription, err error) {
	err = s.cfg.Store.View(ctx, func(r idmap.Reader) error {
		sub, err := r.Subscription(tenant, id)
		if err == nil {
			public, err = s.public(r, tenant, sub)
		}
		return err
	})
	return public, subscriptionNotFound(err)
}

// public is a subscription as callers see it, with the facts of its line.
func (s *SubscriptionService) public(r idmap.Reader, tenant string, sub idmap.Subscription) (*leadmuxv1.Subscription, error) {
	id, out := sub.Public.GetSubscriptionId(), proto.CloneOf(sub.Public)
	progress, err := r.Progress(tenant, id)
	if err != nil {
		return nil, err
	}
	line, err := r.OutgoingLine(tenant, id)
	if err != nil {
		return nil, err
	}
	out.Cursor = cursors{s.cfg.Secret, tenant}.cursor(progress.Place)
	out.Pending = int32(line.Pending)
	out.OldestPendingTime = stampUnlessZero(line.Oldest)
	out.FailingSince, out.MissedTime = stampUnlessZero(progress.FailingSince), stampUnlessZero(progress.MissedTime)
	out.Keys, err = subscription.PublicKeys(sub.Keys, s.cfg.Now())
	return out, err
}

// stampUnlessZero is a time as a message has it; absent for none.
func stampUnlessZero(t time.Time) *timestamppb.Timestamp {
	if t.IsZero() {
		return nil
	}
	return timestamppb.New(t)
}

// ListSubscriptions returns a page of subscriptions.
func (s *SubscriptionService) ListSubscriptions(ctx context.Context, request *leadmuxv1.ListSubscriptionsRequest) (*leadmuxv1.ListSubscriptionsResponse, error) {
	p, err := principal(ctx)
	if err != nil {
		return nil, err
	}
	pages := s.cfg.pages(p.Tenant, "ListSubscriptions", request)
	before, err := pages.position(request.GetPageToken())
	if err != nil {
		return nil, err
	}
	var response *leadmuxv1.ListSubscriptionsResponse
	err = s.cfg.Store.View(ctx, func(r idmap.Reader) error {
		list, next, err := r.ListSubscriptions(p.Tenant, before, pageSize(request.GetPageSize()))
		response = &leadmuxv1.ListSubscriptionsResponse{NextPageToken: pages.token(next)}
		for _, sub := range list {
			public, errPublic := s.public(r, p.Tenant, sub)
			response.Subscriptions, err = append(response.Subscriptions, public), errors.Join(err, errPublic)
		}
		return err
	})
	return response, err
}

// DeleteSubscription ends a subscription.
func (s *SubscriptionService) DeleteSubscription(ctx context.Context, request *leadmuxv1.DeleteSubscriptionRequest) (*leadmuxv1.DeleteSubscriptionResponse, error) {
	p, err := principal(ctx)
	if err != nil {
		return nil, err
	}
	_, err = s.change(ctx, p.Tenant, requestKey{}, func(tx idmap.Tx) (string, error) {
		sub, err := tx.Subscription(p.Tenant, request.GetSubscriptionId())
		if err == nil {
			err = sameEtag("etag", request.GetEtag(), sub)
		}
		if err != nil {
			return "", err
		}
		return request.GetSubscriptionId(), tx.DropSubscription(p.Tenant, request.GetSubscriptionId())
	})
	return &leadmuxv1.DeleteSubscriptionResponse{}, err
}

// sameEtag refuses a change of what has changed since the caller read it.
func sameEtag(field, given string, sub idmap.Subscription) error {
	if given == "" || given == sub.Public.GetEtag() {
		return nil
	}
	return rpcerr.New(leadmuxv1.ErrorReason_ERROR_REASON_ETAG_MISMATCH,
		"the subscription has changed since it had this etag; read it again and decide anew").
		Field(field, "is not that of the subscription as it is now")
}
