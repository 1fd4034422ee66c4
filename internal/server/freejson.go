package server

import (
	"encoding/json"

	"google.golang.org/protobuf/reflect/protoreflect"
)

// maxFreeDepth is how many objects and arrays may stand in one another where any JSON is taken.
const maxFreeDepth = 32

// isFree says whether a message type holds JSON of any form.
func isFree(message protoreflect.MessageDescriptor) bool {
	return message.FullName() == "google.protobuf.Value" || message.FullName() == "google.protobuf.Struct"
}

// free walks a value of any form that begins with tok.
func (c *jsonWalk) free(p at, message protoreflect.MessageDescriptor, tok json.Token) error {
	if message.FullName() == "google.protobuf.Struct" && tok != json.Delim('{') {
		return p.fault("must be an object")
	}
	return c.anything(p, tok, 0)
}

func (c *jsonWalk) anything(p at, tok json.Token, depth int) error {
	end, nested := map[json.Token]json.Delim{json.Delim('{'): '}', json.Delim('['): ']'}[tok]
	if !nested {
		return nil
	}
	if depth == maxFreeDepth {
		return p.fault("is nested too deeply")
	}
	for {
		next, err := c.next()
		if err != nil || next == end {
			return err
		}
		if end == '}' { // that was the key
			if next, err = c.next(); err != nil {
				return err
			}
		}
		if err := c.anything(p, next, depth+1); err != nil {
			return err
		}
	}
}
