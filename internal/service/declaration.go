package service

import (
	"cmp"
	"strings"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	leadmuxv1 "github.com/leadmux/leadmux/gen/leadmux/v1"
	"github.com/leadmux/leadmux/internal/delivery"
	"github.com/leadmux/leadmux/internal/rpcerr"
)

// personRequest is what names a person.
type personRequest interface {
	GetLeadId() string
	GetPhone() string
	GetEmail() string
}

// declarationRequest is what the requests have in common that carry a person's word.
type declarationRequest interface {
	proto.Message
	personRequest
	GetSource() string
	GetEvidence() string
	GetTime() *timestamppb.Timestamp
	GetRequestId() string
}

// optOut is a request's opt-out, with the configured scope where it has none.
func (s *LeadService) optOut(request *leadmuxv1.SuppressRequest) (delivery.Declaration, error) {
	said, err := s.declaration(request)
	said.Scope = cmp.Or(request.GetScope(), s.cfg.OptOutScope)
	return said, err
}

// declaration is a request's declaration, but for its scope.
func (s *LeadService) declaration(request declarationRequest) (delivery.Declaration, error) {
	who, err := s.person(request)
	if err != nil {
		return delivery.Declaration{}, err
	}
	said := delivery.Declaration{Person: who, Source: cmp.Or(request.GetSource(), sourceAPI), Evidence: request.GetEvidence()}
	if given := request.GetTime(); given != nil {
		if err := given.CheckValid(); err != nil || given.AsTime().After(s.cfg.Now()) {
			return delivery.Declaration{}, rpcerr.Invalid("time", "must be a moment that has passed")
		}
		said.Time = given.AsTime()
	}
	return said, nil
}

// person is the person that a request names, in stored form.
func (s *LeadService) person(request personRequest) (delivery.Person, error) {
	phone, email := strings.TrimSpace(request.GetPhone()), strings.TrimSpace(request.GetEmail())
	const rule = "give lead_id alone, or phone, email or both"
	switch given := phone != "" || email != ""; {
	case request.GetLeadId() != "" && given:
		return delivery.Person{}, rpcerr.Invalid("lead_id", rule)
	case request.GetLeadId() != "":
		return delivery.Person{LeadID: request.GetLeadId()}, nil
	case !given:
		return delivery.Person{}, rpcerr.Invalid("phone", rule).Field("email", rule).Field("lead_id", rule)
	}
	var who delivery.Person
	if phone != "" {
		e164, _, err := s.phone("phone", phone)
		if err != nil {
			return delivery.Person{}, err
		}
		who.Phones = []string{e164}
	}
	if email != "" {
		if err := emailAddress("email", email); err != nil {
			return delivery.Person{}, err
		}
		who.Emails = []string{email}
	}
	return who, nil
}
