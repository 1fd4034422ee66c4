// Package rules holds messages to the rules that their schema declares, and says in our words which field breaks which. The server
// does so with every message that comes in, the service with the items of a stream, each of which fails by itself.
package rules

import (
	"errors"
	"fmt"
	"strings"

	"buf.build/gen/go/bufbuild/protovalidate/protocolbuffers/go/buf/validate"
	"buf.build/go/protovalidate"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"

	leadmuxv1 "github.com/leadmux/leadmux/gen/leadmux/v1"
	"github.com/leadmux/leadmux/internal/rpcerr"
)

// maxViolations bounds what one error tells; a request of a thousand bad items must not make an answer larger than itself.
const maxViolations = 20

// Checker checks messages. Its methods may be called from several goroutines.
type Checker struct{ validator protovalidate.Validator }

// New makes a Checker. The rules of the messages named are compiled at once, those of others when the first one comes.
func New(messages ...protoreflect.MessageDescriptor) (*Checker, error) {
	validator, err := protovalidate.New(protovalidate.WithMessageDescriptors(messages...))
	if err != nil {
		return nil, fmt.Errorf("the schema's rules cannot be compiled: %w", err)
	}
	return &Checker{validator: validator}, nil
}

// Check returns nil, or an *rpcerr.Error with the fields that break a rule.
func (c *Checker) Check(message proto.Message) error {
	var broken *protovalidate.ValidationError
	if err := c.validator.Validate(message); errors.As(err, &broken) && len(broken.Violations) > 0 {
		return violations(broken.Violations)
	} else if err != nil {
		return err
	}
	return nil
}

// violations names every field and the rule it breaks, never the value it holds.
func violations(found []*protovalidate.Violation) error {
	first := found[0].Proto
	text := fmt.Sprintf("%s: %s", fieldPath(first.GetField()), ruleText(first))
	if more := len(found) - 1; more > 0 {
		text += fmt.Sprintf(" (and %d more)", more)
	}
	e := rpcerr.New(leadmuxv1.ErrorReason_ERROR_REASON_INVALID_FIELD, "%s", text)
	for _, v := range found[:min(len(found), maxViolations)] {
		_ = e.Field(fieldPath(v.Proto.GetField()), ruleText(v.Proto))
	}
	return e
}

func ruleText(v *validate.Violation) string {
	text := v.GetMessage()
	if text == "" {
		text = "breaks the rule " + v.GetRuleId()
	}
	if v.GetForKey() {
		text = "a key " + text
	}
	return text
}

// fieldPath is our path, such as "lead.tags[2]". The keys of maps are the caller's data and stay out.
func fieldPath(path *validate.FieldPath) string {
	var b strings.Builder
	for i, element := range path.GetElements() {
		if i > 0 {
			b.WriteByte('.')
		}
		b.WriteString(element.GetFieldName())
		if element.HasIndex() {
			fmt.Fprintf(&b, "[%d]", element.GetIndex())
		}
	}
	return b.String()
}
