package rules_test

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/durationpb"

	leadmuxv1 "github.com/leadmux/leadmux/gen/leadmux/v1"
	"github.com/leadmux/leadmux/internal/rpcerr"
	"github.com/leadmux/leadmux/internal/rules"
)

func check(t *testing.T, message proto.Message) *rpcerr.Error {
	t.Helper()
	checker, err := rules.New()
	if err != nil {
		t.Fatal(err)
	}
	err = checker.Check(message)
	if err == nil {
		return nil
	}
	refusal, ok := errors.AsType[*rpcerr.Error](err)
	if !ok {
		t.Fatalf("%v is no refusal", err)
	}
	return refusal
}

// TestTheFieldIsNamedAndItsValueIsNot: in our path, with the rule in words, whatever is wrong with what.
func TestTheFieldIsNamedAndItsValueIsNot(t *testing.T) {
	const private = "ada.byron@example.com"
	long := private + strings.Repeat("x", 300)
	for field, request := range map[string]*leadmuxv1.CreateLeadRequest{
		"lead":             {},
		"lead.email":       {Lead: &leadmuxv1.Lead{Email: long}},
		"lead.tags[1]":     {Lead: &leadmuxv1.Lead{Tags: []string{"good", long}}},
		"lead.attributes":  {Lead: &leadmuxv1.Lead{Attributes: map[string]string{long: "a"}}},
		"request_id":       {Lead: &leadmuxv1.Lead{}, RequestId: private + "\n"},
		"accounts":         {Lead: &leadmuxv1.Lead{}, Accounts: []string{private, private}},
		"wait":             {Lead: &leadmuxv1.Lead{}, Wait: durationpb.New(time.Hour)},
		"duplicate_policy": {Lead: &leadmuxv1.Lead{}, DuplicatePolicy: 99},
	} {
		refusal := check(t, request)
		if refusal == nil {
			t.Errorf("%s: nothing is wrong", field)
			continue
		}
		if refusal.Reason != leadmuxv1.ErrorReason_ERROR_REASON_INVALID_FIELD || len(refusal.Fields) != 1 || refusal.Fields[0].GetField() != field {
			t.Errorf("%s: %v %v", field, refusal.Reason, refusal.Fields)
			continue
		}
		description := refusal.Fields[0].GetDescription()
		if description == "" || refusal.Message != field+": "+description || strings.Contains(refusal.Message, private) {
			t.Errorf("%s: %q", field, refusal.Message)
		}
	}
}

func TestWhatKeepsTheRulesPasses(t *testing.T) {
	if refusal := check(t, &leadmuxv1.CreateLeadRequest{Lead: &leadmuxv1.Lead{Email: "ada.byron@example.com", Tags: []string{"a"}}, RequestId: "r-1"}); refusal != nil {
		t.Error(refusal)
	}
	if refusal := check(t, &leadmuxv1.GetLeadResponse{}); refusal != nil { // a message without rules
		t.Error(refusal)
	}
}

// TestAnAnswerIsNotLargerThanTheRequest: of many fields the first twenty are told, and how many there were.
func TestAnAnswerIsNotLargerThanTheRequest(t *testing.T) {
	tags := slices.Repeat([]string{strings.Repeat("x", 500)}, 40)
	for i := range tags {
		tags[i] += string(rune('a' + i))
	}
	refusal := check(t, &leadmuxv1.CreateLeadRequest{Lead: &leadmuxv1.Lead{Tags: tags}})
	if refusal == nil || len(refusal.Fields) != 20 || !strings.HasSuffix(refusal.Message, "(and 39 more)") {
		t.Errorf("%v", refusal)
	}
}
