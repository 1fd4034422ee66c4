// Package rpcerr turns every error into a google.rpc.Status, in one place: one table (table.go) and one interceptor. A
// deliberate refusal is an *Error; a vendor's failure is an *adapters.Error; anything else becomes INTERNAL with a log ID and
// its text stays in the log. Service, auth and server use it.
package rpcerr

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"time"

	"github.com/google/uuid"
	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/protoadapt"
	"google.golang.org/protobuf/types/known/durationpb"

	leadmuxv1 "github.com/leadmux/leadmux/gen/leadmux/v1"
	"github.com/leadmux/leadmux/internal/adapters"
)

// Error is a deliberate answer to a caller. Its texts reach the caller and must hold no person and no secret.
type Error struct {
	Reason     leadmuxv1.ErrorReason
	Message    string
	Metadata   map[string]string // into ErrorInfo
	Fields     []*leadmuxv1.FieldViolation
	RetryAfter time.Duration // into RetryInfo, when positive
	code       codes.Code
}

// New makes an error whose gRPC code follows from its reason.
func New(reason leadmuxv1.ErrorReason, format string, args ...any) *Error {
	code, ok := reasonCodes[reason]
	if !ok {
		code = codes.Internal
	}
	return &Error{Reason: reason, Message: fmt.Sprintf(format, args...), code: code}
}

// Invalid refuses one field: INVALID_FIELD with BadRequest. field is our path, such as "lead.phone".
func Invalid(field, format string, args ...any) *Error {
	description := fmt.Sprintf(format, args...)
	e := New(leadmuxv1.ErrorReason_ERROR_REASON_INVALID_FIELD, "%s: %s", field, description)
	return e.Field(field, description)
}

// Error is the message.
func (e *Error) Error() string { return e.Message }

// With adds metadata to ErrorInfo and returns e.
func (e *Error) With(key, value string) *Error {
	if e.Metadata == nil {
		e.Metadata = map[string]string{}
	}
	e.Metadata[key] = value
	return e
}

// Field adds a field to BadRequest and returns e.
func (e *Error) Field(field, description string) *Error {
	e.Fields = append(e.Fields, &leadmuxv1.FieldViolation{Field: field, Description: description})
	return e
}

// WithCode sets another gRPC code than the reason's own and returns e.
func (e *Error) WithCode(code codes.Code) *Error {
	e.code = code
	return e
}

// Retry adds RetryInfo and returns e.
func (e *Error) Retry(after time.Duration) *Error {
	e.RetryAfter = after
	return e
}

// GRPCStatus is the status with its details.
func (e *Error) GRPCStatus() *status.Status {
	info := &errdetails.ErrorInfo{Reason: Name(e.Reason), Domain: Domain, Metadata: maps.Clone(e.Metadata)}
	details := []protoadapt.MessageV1{info}
	if len(e.Fields) > 0 {
		bad := &errdetails.BadRequest{}
		for _, f := range e.Fields {
			bad.FieldViolations = append(bad.FieldViolations,
				&errdetails.BadRequest_FieldViolation{Field: f.GetField(), Description: f.GetDescription()})
		}
		details = append(details, bad)
	}
	if e.RetryAfter > 0 {
		details = append(details, &errdetails.RetryInfo{RetryDelay: durationpb.New(e.RetryAfter)})
	}
	st := status.New(e.code, e.Message)
	if with, err := st.WithDetails(details...); err == nil {
		return with
	}
	return st
}

// FromVendor is the answer for a vendor's failure.
func FromVendor(v *adapters.Error) *Error {
	e := New(KindReason(v.Kind), "%s", VendorMessage(v)).With("vendor", v.Vendor).With("operation", v.Op)
	if v.Code != "" {
		e = e.With("vendor_code", v.Code)
	}
	if v.RequestID != "" {
		e = e.With("vendor_request_id", v.RequestID)
	}
	e.Fields = v.Fields
	return e.Retry(v.RetryAfter)
}

// Status converts any error. What nobody foresaw is logged under an ID that the caller gets instead of the text.
func Status(ctx context.Context, logger *slog.Logger, err error) *status.Status {
	var deliberate *Error
	var vendor *adapters.Error
	switch {
	case err == nil:
		return nil
	case errors.As(err, &deliberate):
		return deliberate.GRPCStatus()
	case errors.As(err, &vendor):
		return FromVendor(vendor).GRPCStatus()
	case errors.Is(err, context.DeadlineExceeded):
		return New(leadmuxv1.ErrorReason_ERROR_REASON_DEADLINE_EXCEEDED, "the call's deadline passed before the work was done").GRPCStatus()
	case errors.Is(err, context.Canceled):
		return New(leadmuxv1.ErrorReason_ERROR_REASON_DEADLINE_EXCEEDED, "the caller ended the call").WithCode(codes.Canceled).GRPCStatus()
	}
	if st, ok := status.FromError(err); ok && hasInfo(st) {
		return st
	}
	id := uuid.NewString()
	logger.LogAttrs(ctx, slog.LevelError, "internal error", slog.String("log_id", id), slog.String("error", err.Error()))
	return New(leadmuxv1.ErrorReason_ERROR_REASON_INTERNAL, "internal error; the log has it under %s", id).With("log_id", id).GRPCStatus()
}

func hasInfo(st *status.Status) bool {
	for _, d := range st.Details() {
		if info, ok := d.(*errdetails.ErrorInfo); ok && info.GetDomain() == Domain {
			return true
		}
	}
	return false
}
