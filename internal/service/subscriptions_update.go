package service

import (
	"context"
	"slices"
	"time"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/known/fieldmaskpb"
	"google.golang.org/protobuf/types/known/timestamppb"

	leadmuxv1 "github.com/leadmux/leadmux/gen/leadmux/v1"
	"github.com/leadmux/leadmux/internal/idmap"
	"github.com/leadmux/leadmux/internal/rpcerr"
	"github.com/leadmux/leadmux/internal/subscription"
	"github.com/leadmux/leadmux/internal/typeid"
)

// UpdateSubscription changes fields of a subscription.
func (s *SubscriptionService) UpdateSubscription(ctx context.Context, request *leadmuxv1.UpdateSubscriptionRequest) (*leadmuxv1.UpdateSubscriptionResponse, error) {
	p, err := principal(ctx)
	if err != nil {
		return nil, err
	}
	given := request.GetSubscription()
	if _, err := typeid.UUID(typeid.Subscription, given.GetSubscriptionId()); err != nil {
		return nil, rpcerr.Invalid("subscription.subscription_id", "is no subscription ID; it is \"sub_\" and 26 characters")
	}
	fields, err := subscriptionFields(request)
	if err != nil {
		return nil, err
	}
	key, err := s.cfg.requestKey(p.Tenant, "UpdateSubscription", request.GetRequestId(), subscriptionMeaning(given, fields))
	if err != nil {
		return nil, err
	}
	id, err := s.change(ctx, p.Tenant, key, func(tx idmap.Tx) (string, error) {
		id := given.GetSubscriptionId()
		sub, err := tx.Subscription(p.Tenant, id)
		if err == nil {
			err = sameEtag("subscription.etag", given.GetEtag(), sub)
		}
		if err != nil {
			return "", err
		}
		before := proto.CloneOf(sub.Public)
		setFields(sub.Public, given, fields)
		if err := s.complete(p, sub.Public); err != nil {
			return "", err
		}
		if sub.Public.GetSignature() != before.GetSignature() {
			return "", rpcerr.Invalid("subscription.signature", "cannot be changed; make another subscription")
		}
		if proto.Equal(before, sub.Public) {
			return id, nil
		}
		if s.follow(sub.Public, before) {
			if err := trusted(tx, p.Tenant, id); err != nil {
				return "", err
			}
		}
		subscription.Touch(sub.Public, s.cfg.Now())
		return id, tx.PutSubscription(p.Tenant, sub)
	})
	if err != nil {
		return nil, err
	}
	public, err := s.get(ctx, p.Tenant, id)
	return &leadmuxv1.UpdateSubscriptionResponse{Subscription: public}, err
}

// follow sets what follows from a change of the state, and says whether it made the subscription ACTIVE again.
func (s *SubscriptionService) follow(public, before *leadmuxv1.Subscription) bool {
	switch state := public.GetState(); {
	case state == before.GetState():
		return false
	case state == leadmuxv1.SubscriptionState_SUBSCRIPTION_STATE_DISABLED:
		public.DisabledReason = leadmuxv1.SubscriptionDisabledReason_SUBSCRIPTION_DISABLED_REASON_CALLER
		public.DisableTime = timestamppb.New(s.cfg.Now())
		return false
	default:
		public.DisabledReason, public.DisableTime = 0, nil
		return true
	}
}

// trusted gives an endpoint that failed a new start.
func trusted(tx idmap.Tx, tenant, id string) error {
	progress, err := tx.Progress(tenant, id)
	if err != nil {
		return err
	}
	progress.FailingSince = time.Time{}
	return tx.PutProgress(tenant, id, progress)
}

// subscriptionFields are the fields that an update is to set: those of its mask, else every one that its subscription has. What only the
// service sets is passed over, so that a subscription that was read can be sent back.
func subscriptionFields(request *leadmuxv1.UpdateSubscriptionRequest) ([]protoreflect.FieldDescriptor, error) {
	var fields []protoreflect.FieldDescriptor
	m := request.GetSubscription().ProtoReflect()
	all := m.Descriptor().Fields()
	if request.GetUpdateMask() == nil {
		for i := range all.Len() {
			if field := all.Get(i); m.Has(field) && !settledHere(field) {
				fields = append(fields, field)
			}
		}
		return fields, nil
	}
	for _, path := range request.GetUpdateMask().GetPaths() {
		field := all.ByName(protoreflect.Name(path))
		if field == nil {
			return nil, rpcerr.Invalid("update_mask", "%q is no field of a subscription; write it as in the schema, such as max_in_flight", path)
		}
		if !settledHere(field) {
			fields = append(fields, field)
		}
	}
	return fields, nil
}

func setFields(to, from *leadmuxv1.Subscription, fields []protoreflect.FieldDescriptor) {
	for _, field := range fields {
		if m := from.ProtoReflect(); m.Has(field) {
			to.ProtoReflect().Set(field, m.Get(field))
		} else {
			to.ProtoReflect().Clear(field)
		}
	}
}

// subscriptionMeaning is an update without what makes no difference: the order of its mask, and fields that it does not name.
func subscriptionMeaning(given *leadmuxv1.Subscription, fields []protoreflect.FieldDescriptor) *leadmuxv1.UpdateSubscriptionRequest {
	meant := &leadmuxv1.Subscription{SubscriptionId: given.GetSubscriptionId(), Etag: given.GetEtag()}
	setFields(meant, given, fields)
	var names []string
	for _, field := range fields {
		names = append(names, string(field.Name()))
	}
	slices.Sort(names)
	return &leadmuxv1.UpdateSubscriptionRequest{Subscription: meant, UpdateMask: &fieldmaskpb.FieldMask{Paths: slices.Compact(names)}}
}
