package service

import (
	"context"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	leadmuxv1 "github.com/leadmux/leadmux/gen/leadmux/v1"
	"github.com/leadmux/leadmux/internal/idmap"
	"github.com/leadmux/leadmux/internal/subscription"
	"github.com/leadmux/leadmux/internal/typeid"
)

const (
	// defaultOverlap is how long an old secret signs on where the caller does not say.
	defaultOverlap = 24 * time.Hour
	// answerTime is what is left of a call's time to answer what came of a test.
	answerTime = 500 * time.Millisecond
	// testType is the type of the example event.
	testType = "subscription.test"
)

// RotateSubscriptionSecret makes a new secret.
func (s *SubscriptionService) RotateSubscriptionSecret(ctx context.Context, request *leadmuxv1.RotateSubscriptionSecretRequest) (*leadmuxv1.RotateSubscriptionSecretResponse, error) {
	p, err := principal(ctx)
	if err != nil {
		return nil, err
	}
	key, err := s.cfg.requestKey(p.Tenant, "RotateSubscriptionSecret", request.GetRequestId(), request)
	if err != nil {
		return nil, err
	}
	overlap := defaultOverlap
	if request.GetOverlap() != nil {
		overlap = request.GetOverlap().AsDuration()
	}
	response := &leadmuxv1.RotateSubscriptionSecretResponse{}
	id, err := s.change(ctx, p.Tenant, key, func(tx idmap.Tx) (string, error) {
		id, now := request.GetSubscriptionId(), s.cfg.Now()
		sub, err := tx.Subscription(p.Tenant, id)
		if err == nil {
			err = sameEtag("etag", request.GetEtag(), sub)
		}
		if err != nil {
			return "", err
		}
		sub.Keys = subscription.Rotate(sub.Keys, sub.Public.GetSignature(), overlap, now)
		response.Secret = sub.Keys[0].Secret
		subscription.Touch(sub.Public, now)
		return id, tx.PutSubscription(p.Tenant, sub)
	})
	if err != nil {
		return nil, err
	}
	response.Subscription, err = s.get(ctx, p.Tenant, id)
	return response, err
}

// TestSubscription sends an example now.
func (s *SubscriptionService) TestSubscription(ctx context.Context, request *leadmuxv1.TestSubscriptionRequest) (*leadmuxv1.TestSubscriptionResponse, error) {
	p, err := principal(ctx)
	if err != nil {
		return nil, err
	}
	var sub idmap.Subscription
	err = s.cfg.Store.View(ctx, func(r idmap.Reader) error {
		sub, err = r.Subscription(p.Tenant, request.GetSubscriptionId())
		return err
	})
	if err != nil {
		return nil, subscriptionNotFound(err)
	}
	began := s.cfg.Now()
	event := &leadmuxv1.Event{EventId: typeid.New(typeid.Event), Type: testType, ReceiveTime: timestamppb.New(began)}
	sending, cancel := ctx, context.CancelFunc(func() {})
	if deadline, ok := ctx.Deadline(); ok { // so that the caller learns what came of it
		sending, cancel = context.WithDeadline(ctx, deadline.Add(-answerTime))
	}
	defer cancel()
	outcome, err := s.hooks.Try(sending, p.Tenant, sub, event)
	if err != nil {
		return nil, err
	}
	attempt := subscription.AttemptOf(began, outcome)
	if sending.Err() != nil && outcome.Status == 0 {
		attempt.Error = "the endpoint did not answer within the time that this call has"
	}
	return &leadmuxv1.TestSubscriptionResponse{Delivered: outcome.Delivered(), EventId: event.GetEventId(), Attempt: attempt}, nil
}
