package outbound

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"strings"
	"syscall"
)

// failed is why no answer came, in a sentence of ours; the cause is for errors.Is and not for print: it may name the URL, or a server of
// our network.
type failed struct {
	text  string
	cause error
}

func (f *failed) Error() string { return f.text }
func (f *failed) Unwrap() error { return f.cause }

// failure words the error of an HTTP client.
func failure(err error) error {
	if errors.Is(err, ErrForbidden) {
		return ErrForbidden
	}
	return &failed{text: reason(err), cause: err}
}

func reason(err error) string {
	dns, isDNS := errors.AsType[*net.DNSError](err)
	_, isCert := errors.AsType[*tls.CertificateVerificationError](err)
	switch {
	case isDNS && dns.IsNotFound:
		return "the endpoint's name does not exist"
	case isDNS:
		return "the endpoint's name could not be looked up"
	case errors.Is(err, context.DeadlineExceeded) || errors.Is(err, os.ErrDeadlineExceeded):
		return fmt.Sprintf("the endpoint did not answer within %s", timeout)
	case errors.Is(err, context.Canceled):
		return "the attempt was broken off on our side"
	case isCert:
		return "the endpoint's certificate is not to be trusted: " + certificate(err)
	case isTLS(err):
		return "the endpoint does not speak TLS 1.2 or later on this port"
	case errors.Is(err, syscall.ECONNREFUSED):
		return "the endpoint refused the connection"
	case errors.Is(err, syscall.EHOSTUNREACH) || errors.Is(err, syscall.ENETUNREACH):
		return "there is no way to the endpoint's network"
	default:
		return "the connection to the endpoint broke off"
	}
}

// isTLS says whether the handshake failed for a reason other than the certificate: an alert, or what is no TLS at all.
func isTLS(err error) bool {
	_, plain := errors.AsType[tls.RecordHeaderError](err)
	op, isOp := errors.AsType[*net.OpError](err)
	return plain || errors.Is(err, http.ErrSchemeMismatch) || (isOp && (op.Op == "remote error" || op.Op == "local error")) || strings.Contains(err.Error(), "tls: ")
}

// certificate says in our words what is wrong with it.
func certificate(err error) string {
	_, host := errors.AsType[x509.HostnameError](err)
	_, authority := errors.AsType[x509.UnknownAuthorityError](err)
	invalid, isInvalid := errors.AsType[x509.CertificateInvalidError](err)
	switch {
	case host:
		return "it is for another name"
	case authority:
		return "no authority that we know signed it (are its intermediate certificates sent?)"
	case isInvalid && invalid.Reason == x509.Expired:
		return "it has expired or is not valid yet"
	default:
		return "it does not verify"
	}
}
