package adapters

import (
	"slices"

	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"
	"google.golang.org/protobuf/types/descriptorpb"

	leadmuxv1 "github.com/leadmux/leadmux/gen/leadmux/v1"
)

// MethodOf is the RPC of our API with a name; nil when there is none. No two services have an RPC of one name.
func MethodOf(rpc string) protoreflect.MethodDescriptor {
	var found protoreflect.MethodDescriptor
	protoregistry.GlobalFiles.RangeFilesByPackage(leadmuxv1.File_leadmux_v1_options_proto.Package(), func(file protoreflect.FileDescriptor) bool {
		for i := range file.Services().Len() {
			if m := file.Services().Get(i).Methods().ByName(protoreflect.Name(rpc)); m != nil {
				found = m
			}
		}
		return found == nil
	})
	return found
}

// detectable are the RPCs of which it can be found out whether they took effect, although nothing makes them safe to repeat.
var detectable = []protoreflect.Name{"AddCampaignContact"}

// ClassOf is what may be done after an unknown outcome of an RPC, by its standard idempotency_level.
func ClassOf(method protoreflect.MethodDescriptor) leadmuxv1.IdempotencyClass {
	options, _ := method.Options().(*descriptorpb.MethodOptions)
	switch level := options.GetIdempotencyLevel(); {
	case level == descriptorpb.MethodOptions_NO_SIDE_EFFECTS:
		return leadmuxv1.IdempotencyClass_IDEMPOTENCY_CLASS_NO_SIDE_EFFECTS
	case level == descriptorpb.MethodOptions_IDEMPOTENT:
		return leadmuxv1.IdempotencyClass_IDEMPOTENCY_CLASS_KEYED
	case slices.Contains(detectable, method.Name()):
		return leadmuxv1.IdempotencyClass_IDEMPOTENCY_CLASS_DETECTABLE
	default:
		return leadmuxv1.IdempotencyClass_IDEMPOTENCY_CLASS_AT_MOST_ONCE
	}
}
