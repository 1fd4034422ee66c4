package service

import (
	"bytes"
	"context"
	"errors"
	"slices"
	"time"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"

	leadmuxv1 "github.com/leadmux/leadmux/gen/leadmux/v1"
	"github.com/leadmux/leadmux/internal/failpoint"
	"github.com/leadmux/leadmux/internal/idmap"
	"github.com/leadmux/leadmux/internal/mutant"
	"github.com/leadmux/leadmux/internal/rpcerr"
)

// requestKey is a caller's request_id with what it was sent with. The zero value, for a request without one, claims nothing.
type requestKey struct {
	tenant, method, id string
	fingerprint        []byte
	expire             time.Time
}

func (s *LeadService) requestKey(tenant, method, requestID string, meaning proto.Message) (requestKey, error) {
	return s.cfg.requestKey(tenant, method, requestID, meaning)
}

// requestKey remembers a request by its meaning, as a keyed hash: two spellings of one phone number are one meaning. Its
// request_id and wait are no part of it.
func (c Config) requestKey(tenant, method, requestID string, meaning proto.Message) (requestKey, error) {
	if requestID == "" {
		return requestKey{}, nil
	}
	meaning = proto.Clone(meaning)
	m := meaning.ProtoReflect()
	fields := m.Descriptor().Fields()
	for _, name := range []string{"request_id", "wait"} {
		if field := fields.ByTextName(name); field != nil {
			m.Clear(field)
		}
	}
	if field := fields.ByTextName("accounts"); field != nil && m.Has(field) {
		sortTexts(m.Mutable(field).List()) // they are a set
	}
	canonical, err := proto.MarshalOptions{Deterministic: true}.Marshal(meaning)
	if err != nil {
		return requestKey{}, err
	}
	return requestKey{
		tenant: tenant, method: method, id: requestID,
		fingerprint: c.Secret.Sum("request", []byte(tenant), []byte(method), canonical),
		expire:      c.Now().Add(c.KeepRequestIDs),
	}, nil
}

// sortTexts puts a list of texts into one order, each once.
func sortTexts(list protoreflect.List) {
	texts := make([]string, list.Len())
	for i := range texts {
		texts[i] = list.Get(i).String()
	}
	slices.Sort(texts)
	list.Truncate(0)
	for _, text := range slices.Compact(texts) {
		list.Append(protoreflect.ValueOfString(text))
	}
}

// repeated returns the lead that this request made or changed before, "" when it is new.
func (s *LeadService) repeated(ctx context.Context, key requestKey) (leadID string, err error) {
	err = s.cfg.Store.View(ctx, func(r idmap.Reader) error {
		leadID, err = key.before(r, s.cfg.Now())
		return err
	})
	return leadID, err
}

// before is repeated within a transaction.
func (k requestKey) before(r idmap.Reader, now time.Time) (string, error) {
	if k.id == "" {
		return "", nil
	}
	claim, err := r.Request(k.tenant, k.method, k.id, now)
	switch {
	case errors.Is(err, idmap.ErrNotFound):
		return "", nil
	case err != nil:
		return "", err
	case claim.Fingerprint != nil && !mutant.ForgetRequestMeaning && !bytes.Equal(claim.Fingerprint, k.fingerprint): // nil when the lead was erased since
		return "", rpcerr.New(leadmuxv1.ErrorReason_ERROR_REASON_REQUEST_ID_REUSED,
			"request_id was used with another request; take a new one for a new request").
			Field("request_id", "was used with another request")
	}
	return claim.LeadID, nil
}

// put claims the key for the lead.
func (k requestKey) put(tx idmap.Tx, leadID string, now time.Time) error {
	if k.id == "" {
		return nil
	}
	err := tx.PutRequest(k.tenant, k.method, k.id, idmap.Request{Fingerprint: k.fingerprint, LeadID: leadID, ExpireTime: k.expire}, now)
	failpoint.Here(failpoint.KeyClaimed)
	return err
}
