package rpcerr

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"regexp"
	"strings"
	"testing"
	"time"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	leadmuxv1 "github.com/leadmux/leadmux/gen/leadmux/v1"
	"github.com/leadmux/leadmux/internal/adapters"
)

// Reasons that stand on engagements and operations only, and so have no code of their own.
var engagementOnly = map[leadmuxv1.ErrorReason]bool{
	leadmuxv1.ErrorReason_ERROR_REASON_UNSPECIFIED: true,
	leadmuxv1.ErrorReason_ERROR_REASON_GAVE_UP:     true,
	leadmuxv1.ErrorReason_ERROR_REASON_INTERRUPTED: true,
	leadmuxv1.ErrorReason_ERROR_REASON_NOT_DONE:    true,
	// stands in the answer of CheckContact only
	leadmuxv1.ErrorReason_ERROR_REASON_CONSENT_DENIED: true,
}

func TestEveryReasonHasACodeAndAWellFormedName(t *testing.T) {
	form := regexp.MustCompile(`^[A-Z][A-Z0-9_]{1,61}[A-Z0-9]$`)
	for n := range leadmuxv1.ErrorReason_name {
		reason := leadmuxv1.ErrorReason(n)
		if _, ok := reasonCodes[reason]; ok == engagementOnly[reason] {
			t.Errorf("%s: has a code: %v", reason, ok)
		}
		if !form.MatchString(Name(reason)) {
			t.Errorf("%s is no reason of google.rpc.ErrorInfo", Name(reason))
		}
	}
}

func TestEveryKindHasAReasonAndASentence(t *testing.T) {
	for kind := adapters.KindUnknown; kind <= adapters.KindRouteDoubted; kind++ {
		if KindReason(kind) == leadmuxv1.ErrorReason_ERROR_REASON_UNSPECIFIED || vendorSentences[kind] == "" || kind.String() == "" {
			t.Errorf("kind %d (%s) has no reason, sentence or name", kind, kind)
		}
	}
	if (adapters.KindRouteDoubted + 1).String() != "" {
		t.Error("a kind was added: raise the end of this loop")
	}
}

func TestVendorCredentialsAreNeverTheCallers(t *testing.T) {
	st := convert(t, fmt.Errorf("wrapped dsn=secret: %w", &adapters.Error{
		Vendor: "conversica", Op: "CreateLead", Kind: adapters.KindCredentials, Status: 401, RequestID: "r-1",
	}), nil)
	if st.Code() != codes.FailedPrecondition || strings.Contains(st.Message(), "secret") {
		t.Fatalf("%v", st)
	}
	info := detail[*errdetails.ErrorInfo](t, st)
	if info.GetReason() != "VENDOR_CREDENTIALS_REFUSED" || info.GetDomain() != Domain || info.GetMetadata()["vendor_request_id"] != "r-1" {
		t.Fatalf("%v", info)
	}
}

func TestDetailsOfARefusal(t *testing.T) {
	st := convert(t, Invalid("lead.phone", "is no phone").Retry(2*time.Second), nil)
	if st.Code() != codes.InvalidArgument || detail[*errdetails.ErrorInfo](t, st).GetReason() != "INVALID_FIELD" {
		t.Fatalf("%v", st)
	}
	if v := detail[*errdetails.BadRequest](t, st).GetFieldViolations(); len(v) != 1 || v[0].GetField() != "lead.phone" || v[0].GetDescription() != "is no phone" {
		t.Fatalf("%v", v)
	}
	if d := detail[*errdetails.RetryInfo](t, st).GetRetryDelay().AsDuration(); d != 2*time.Second {
		t.Fatal(d)
	}
}

func TestWhatNobodyForesawStaysInTheLog(t *testing.T) {
	for _, err := range []error{errors.New("dsn=postgres://u:p@h"), status.Error(codes.NotFound, "dsn=postgres://u:p@h")} {
		var log bytes.Buffer
		st := convert(t, err, &log)
		id := detail[*errdetails.ErrorInfo](t, st).GetMetadata()["log_id"]
		if st.Code() != codes.Internal || strings.Contains(st.String(), "postgres") {
			t.Errorf("%v", st)
		}
		if id == "" || !strings.Contains(log.String(), id) || !strings.Contains(log.String(), "postgres") {
			t.Errorf("log: %s", log.String())
		}
	}
}

func TestEndedCalls(t *testing.T) {
	for err, code := range map[error]codes.Code{context.DeadlineExceeded: codes.DeadlineExceeded, context.Canceled: codes.Canceled} {
		if st := convert(t, fmt.Errorf("x: %w", err), nil); st.Code() != code {
			t.Errorf("%v became %v", err, st)
		}
	}
}

func convert(t *testing.T, err error, log *bytes.Buffer) *status.Status {
	t.Helper()
	if log == nil {
		log = &bytes.Buffer{}
	}
	return Status(t.Context(), slog.New(slog.NewTextHandler(log, nil)), err)
}

func detail[T any](t *testing.T, st *status.Status) T {
	t.Helper()
	for _, d := range st.Details() {
		if found, ok := d.(T); ok {
			return found
		}
	}
	var none T
	t.Fatalf("%v has no %T", st, none)
	return none
}
