package rpcerr

import (
	"net/http"
	"strings"

	"google.golang.org/grpc/codes"

	leadmuxv1 "github.com/leadmux/leadmux/gen/leadmux/v1"
	"github.com/leadmux/leadmux/internal/adapters"
)

// Domain is google.rpc.ErrorInfo.domain of every error.
const Domain = "leadmux"

// kindReasons is the one table from a vendor's failure to our reason.
var kindReasons = map[adapters.Kind]leadmuxv1.ErrorReason{
	adapters.KindUnknown:        leadmuxv1.ErrorReason_ERROR_REASON_VENDOR_ANSWER_UNREADABLE,
	adapters.KindInvalid:        leadmuxv1.ErrorReason_ERROR_REASON_VENDOR_REFUSED,
	adapters.KindNotFound:       leadmuxv1.ErrorReason_ERROR_REASON_VENDOR_NOT_FOUND,
	adapters.KindConflict:       leadmuxv1.ErrorReason_ERROR_REASON_DUPLICATE_AT_VENDOR,
	adapters.KindRateLimited:    leadmuxv1.ErrorReason_ERROR_REASON_VENDOR_RATE_LIMITED,
	adapters.KindCredentials:    leadmuxv1.ErrorReason_ERROR_REASON_VENDOR_CREDENTIALS_REFUSED,
	adapters.KindOnHold:         leadmuxv1.ErrorReason_ERROR_REASON_VENDOR_ACCOUNT_ON_HOLD,
	adapters.KindIntakeClosed:   leadmuxv1.ErrorReason_ERROR_REASON_VENDOR_INTAKE_CLOSED,
	adapters.KindRouteUnknown:   leadmuxv1.ErrorReason_ERROR_REASON_VENDOR_ROUTE_UNKNOWN,
	adapters.KindUnavailable:    leadmuxv1.ErrorReason_ERROR_REASON_VENDOR_UNAVAILABLE,
	adapters.KindTimeout:        leadmuxv1.ErrorReason_ERROR_REASON_VENDOR_TIMEOUT,
	adapters.KindBadAnswer:      leadmuxv1.ErrorReason_ERROR_REASON_VENDOR_ANSWER_UNREADABLE,
	adapters.KindNotSupported:   leadmuxv1.ErrorReason_ERROR_REASON_CAPABILITY_NOT_SUPPORTED,
	adapters.KindAccountStopped: leadmuxv1.ErrorReason_ERROR_REASON_ACCOUNT_STOPPED,
	adapters.KindWrongState:     leadmuxv1.ErrorReason_ERROR_REASON_VENDOR_WRONG_STATE,
	adapters.KindRouteDoubted:   leadmuxv1.ErrorReason_ERROR_REASON_VENDOR_ROUTE_UNKNOWN,
}

// reasonCodes is the one table from a reason to a gRPC code; a reason that is not in it is INTERNAL. A vendor's 401 or 403 is
// our broken credential: FAILED_PRECONDITION, never UNAUTHENTICATED, or callers would change theirs.
var reasonCodes = map[leadmuxv1.ErrorReason]codes.Code{
	leadmuxv1.ErrorReason_ERROR_REASON_INVALID_FIELD:              codes.InvalidArgument,
	leadmuxv1.ErrorReason_ERROR_REASON_MALFORMED_REQUEST:          codes.InvalidArgument,
	leadmuxv1.ErrorReason_ERROR_REASON_REQUEST_TOO_LARGE:          codes.ResourceExhausted,
	leadmuxv1.ErrorReason_ERROR_REASON_UNAUTHENTICATED:            codes.Unauthenticated,
	leadmuxv1.ErrorReason_ERROR_REASON_SCOPE_MISSING:              codes.PermissionDenied,
	leadmuxv1.ErrorReason_ERROR_REASON_ACCOUNT_NOT_ALLOWED:        codes.PermissionDenied,
	leadmuxv1.ErrorReason_ERROR_REASON_QUOTA_EXCEEDED:             codes.ResourceExhausted,
	leadmuxv1.ErrorReason_ERROR_REASON_NO_SUCH_METHOD:             codes.Unimplemented,
	leadmuxv1.ErrorReason_ERROR_REASON_LEAD_NOT_FOUND:             codes.NotFound,
	leadmuxv1.ErrorReason_ERROR_REASON_LEAD_ERASED:                codes.NotFound,
	leadmuxv1.ErrorReason_ERROR_REASON_ACCOUNT_NOT_FOUND:          codes.NotFound,
	leadmuxv1.ErrorReason_ERROR_REASON_REQUEST_ID_REUSED:          codes.InvalidArgument,
	leadmuxv1.ErrorReason_ERROR_REASON_LEAD_EXISTS:                codes.AlreadyExists,
	leadmuxv1.ErrorReason_ERROR_REASON_PAGE_TOKEN_INVALID:         codes.InvalidArgument,
	leadmuxv1.ErrorReason_ERROR_REASON_NO_ACCOUNT:                 codes.InvalidArgument,
	leadmuxv1.ErrorReason_ERROR_REASON_CAPABILITY_NOT_SUPPORTED:   codes.Unimplemented,
	leadmuxv1.ErrorReason_ERROR_REASON_VENDOR_REFUSED:             codes.InvalidArgument,
	leadmuxv1.ErrorReason_ERROR_REASON_DUPLICATE_AT_VENDOR:        codes.AlreadyExists,
	leadmuxv1.ErrorReason_ERROR_REASON_VENDOR_CREDENTIALS_REFUSED: codes.FailedPrecondition,
	leadmuxv1.ErrorReason_ERROR_REASON_VENDOR_ACCOUNT_ON_HOLD:     codes.FailedPrecondition,
	leadmuxv1.ErrorReason_ERROR_REASON_VENDOR_INTAKE_CLOSED:       codes.Unavailable,
	leadmuxv1.ErrorReason_ERROR_REASON_VENDOR_RATE_LIMITED:        codes.ResourceExhausted,
	leadmuxv1.ErrorReason_ERROR_REASON_VENDOR_UNAVAILABLE:         codes.Unavailable,
	leadmuxv1.ErrorReason_ERROR_REASON_VENDOR_TIMEOUT:             codes.Unavailable,
	leadmuxv1.ErrorReason_ERROR_REASON_VENDOR_ANSWER_UNREADABLE:   codes.Internal,
	leadmuxv1.ErrorReason_ERROR_REASON_VENDOR_NOT_FOUND:           codes.NotFound,
	leadmuxv1.ErrorReason_ERROR_REASON_VENDOR_ROUTE_UNKNOWN:       codes.FailedPrecondition,
	leadmuxv1.ErrorReason_ERROR_REASON_ACCOUNT_STOPPED:            codes.FailedPrecondition,
	leadmuxv1.ErrorReason_ERROR_REASON_DEADLINE_EXCEEDED:          codes.DeadlineExceeded,
	leadmuxv1.ErrorReason_ERROR_REASON_SHUTTING_DOWN:              codes.Unavailable,
	leadmuxv1.ErrorReason_ERROR_REASON_INTERNAL:                   codes.Internal,
	leadmuxv1.ErrorReason_ERROR_REASON_ETAG_MISMATCH:              codes.FailedPrecondition,
	leadmuxv1.ErrorReason_ERROR_REASON_ENGAGEMENT_NOT_OPEN:        codes.FailedPrecondition,
	leadmuxv1.ErrorReason_ERROR_REASON_ENGAGEMENT_OPEN:            codes.AlreadyExists,
	leadmuxv1.ErrorReason_ERROR_REASON_ENGAGEMENT_BUSY:            codes.FailedPrecondition,
	leadmuxv1.ErrorReason_ERROR_REASON_VENDOR_ID_TAKEN:            codes.AlreadyExists,
	leadmuxv1.ErrorReason_ERROR_REASON_LEAD_OPTED_OUT:             codes.FailedPrecondition,
	leadmuxv1.ErrorReason_ERROR_REASON_OPERATION_NOT_FOUND:        codes.NotFound,
	leadmuxv1.ErrorReason_ERROR_REASON_OPERATION_NOT_IN_DOUBT:     codes.FailedPrecondition,
	leadmuxv1.ErrorReason_ERROR_REASON_OPERATION_NOT_RETRYABLE:    codes.FailedPrecondition,
	leadmuxv1.ErrorReason_ERROR_REASON_MAY_DUPLICATE:              codes.FailedPrecondition,
	leadmuxv1.ErrorReason_ERROR_REASON_PERSON_SUPPRESSED:          codes.FailedPrecondition,
	leadmuxv1.ErrorReason_ERROR_REASON_SUPPRESSION_NOT_FOUND:      codes.NotFound,
	leadmuxv1.ErrorReason_ERROR_REASON_CURSOR_INVALID:             codes.InvalidArgument,
	leadmuxv1.ErrorReason_ERROR_REASON_EVENTS_GONE:                codes.OutOfRange,
	leadmuxv1.ErrorReason_ERROR_REASON_EVENT_NOT_FOUND:            codes.NotFound,

	leadmuxv1.ErrorReason_ERROR_REASON_SUBSCRIPTION_NOT_FOUND: codes.NotFound,
	leadmuxv1.ErrorReason_ERROR_REASON_DELIVERY_NOT_FOUND:     codes.NotFound,
	leadmuxv1.ErrorReason_ERROR_REASON_SUBSCRIPTION_LIMIT:     codes.ResourceExhausted,

	leadmuxv1.ErrorReason_ERROR_REASON_CALL_NOT_FOUND:     codes.NotFound,
	leadmuxv1.ErrorReason_ERROR_REASON_CHAT_NOT_FOUND:     codes.NotFound,
	leadmuxv1.ErrorReason_ERROR_REASON_NOT_AT_ACCOUNT:     codes.FailedPrecondition,
	leadmuxv1.ErrorReason_ERROR_REASON_NO_RATE_SLOT:       codes.ResourceExhausted,
	leadmuxv1.ErrorReason_ERROR_REASON_VENDOR_WRONG_STATE: codes.FailedPrecondition,
	// Not UNAVAILABLE: clients may repeat what that says of by themselves.
	leadmuxv1.ErrorReason_ERROR_REASON_OUTCOME_UNKNOWN:   codes.Unknown,
	leadmuxv1.ErrorReason_ERROR_REASON_REQUEST_UNDER_WAY: codes.Aborted,
}

// reasonHTTP holds the HTTP statuses that differ from what the gateway gives the code.
var reasonHTTP = map[string]int{
	Name(leadmuxv1.ErrorReason_ERROR_REASON_REQUEST_TOO_LARGE): http.StatusRequestEntityTooLarge,
	Name(leadmuxv1.ErrorReason_ERROR_REASON_NO_SUCH_METHOD):    http.StatusNotFound,

	Name(leadmuxv1.ErrorReason_ERROR_REASON_ETAG_MISMATCH):       http.StatusPreconditionFailed,
	Name(leadmuxv1.ErrorReason_ERROR_REASON_ENGAGEMENT_NOT_OPEN): http.StatusConflict,
	Name(leadmuxv1.ErrorReason_ERROR_REASON_ENGAGEMENT_BUSY):     http.StatusConflict,
	Name(leadmuxv1.ErrorReason_ERROR_REASON_LEAD_OPTED_OUT):      http.StatusConflict,

	Name(leadmuxv1.ErrorReason_ERROR_REASON_OPERATION_NOT_IN_DOUBT):  http.StatusConflict,
	Name(leadmuxv1.ErrorReason_ERROR_REASON_OPERATION_NOT_RETRYABLE): http.StatusConflict,
	Name(leadmuxv1.ErrorReason_ERROR_REASON_MAY_DUPLICATE):           http.StatusConflict,
	Name(leadmuxv1.ErrorReason_ERROR_REASON_PERSON_SUPPRESSED):       http.StatusConflict,

	Name(leadmuxv1.ErrorReason_ERROR_REASON_NOT_AT_ACCOUNT):     http.StatusConflict,
	Name(leadmuxv1.ErrorReason_ERROR_REASON_VENDOR_WRONG_STATE): http.StatusConflict,
	Name(leadmuxv1.ErrorReason_ERROR_REASON_OUTCOME_UNKNOWN):    http.StatusBadGateway,
}

// KindReason is our reason for a vendor's failure.
func KindReason(kind adapters.Kind) leadmuxv1.ErrorReason { return kindReasons[kind] }

// Name is a reason as it stands on the wire: without the prefix.
func Name(reason leadmuxv1.ErrorReason) string {
	return strings.TrimPrefix(reason.String(), "ERROR_REASON_")
}

// WarningName is a warning code as it stands on the wire: without the prefix.
func WarningName(code leadmuxv1.WarningCode) string {
	return strings.TrimPrefix(code.String(), "WARNING_CODE_")
}

// HTTPStatus is the HTTP status for a reason on the wire, and whether it differs from the gateway's for its code.
func HTTPStatus(reason string) (int, bool) {
	s, ok := reasonHTTP[reason]
	return s, ok
}
