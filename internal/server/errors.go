package server

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"runtime"
	"runtime/debug"
	"strings"

	"github.com/google/uuid"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	leadmuxv1 "github.com/leadmux/leadmux/gen/leadmux/v1"
	"github.com/leadmux/leadmux/internal/rpcerr"
)

// convert turns every error into a status of the one shape, through rpcerr's table.
func (ch *chain) convert(ctx context.Context, c *call, next func(context.Context) error) error {
	err := next(ctx)
	if err == nil {
		return nil
	}
	if st, ok := status.FromError(err); ok && !deliberate(err) {
		if !strings.HasPrefix(c.method, "/leadmux.") {
			return err // health and reflection have their own contracts
		}
		if st.Code() == codes.Unimplemented && reasonOf(st) == "" {
			err = errNoSuchMethod() // what generated code answers for a method without implementation
		}
	}
	return rpcerr.Status(ctx, c.logger(ch.logger), err).Err()
}

func deliberate(err error) bool {
	var ours *rpcerr.Error
	return errors.As(err, &ours)
}

// recover turns a panic into INTERNAL. The stack goes to the log, under an ID that the caller gets.
func (ch *chain) recover(ctx context.Context, c *call, next func(context.Context) error) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = panicked(ctx, c.logger(ch.logger), p)
		}
	}()
	return next(ctx)
}

// panicked logs a panic. Of its value only what the runtime itself made is logged: any other may hold a person's data.
func panicked(ctx context.Context, logger *slog.Logger, p any) error {
	id := uuid.NewString()
	what := fmt.Sprintf("a panic with a %T", p)
	var fault runtime.Error
	if e, ok := p.(error); ok && errors.As(e, &fault) {
		what = fault.Error()
	}
	logger.LogAttrs(ctx, slog.LevelError, "panic", slog.String("log_id", id), slog.String("panic", what),
		slog.String("stack", string(debug.Stack())))
	return rpcerr.New(leadmuxv1.ErrorReason_ERROR_REASON_INTERNAL, "internal error; the log has it under %s", id).With("log_id", id)
}

func errNoSuchMethod() error {
	return rpcerr.New(leadmuxv1.ErrorReason_ERROR_REASON_NO_SUCH_METHOD, "there is no such method; the server's reflection lists those there are")
}

func errTooLarge(limit int) *rpcerr.Error {
	return rpcerr.New(leadmuxv1.ErrorReason_ERROR_REASON_REQUEST_TOO_LARGE, "the request is larger than the %d bytes allowed", limit).
		With("limit_bytes", fmt.Sprint(limit))
}

func malformed(format string, args ...any) *rpcerr.Error {
	return rpcerr.New(leadmuxv1.ErrorReason_ERROR_REASON_MALFORMED_REQUEST, format, args...)
}
