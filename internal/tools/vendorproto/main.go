// Command vendorproto prints the third-party schemas that our own import (google/api, google/rpc, buf/validate) from the
// descriptors linked into this module, so that third_party/proto always equals what the Go code was built with and nothing
// is fetched at build time. Only `make generate` calls it.
package main

import (
	"fmt"
	"os"
	"strings"

	"github.com/jhump/protoreflect/v2/protoprint"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"

	_ "buf.build/gen/go/bufbuild/protovalidate/protocolbuffers/go/buf/validate"
	_ "google.golang.org/genproto/googleapis/api/annotations"
	_ "google.golang.org/genproto/googleapis/rpc/status"
)

const out = "third_party/proto"

var roots = []string{"buf/validate/validate.proto", "google/api/annotations.proto", "google/api/field_behavior.proto", "google/rpc/status.proto"}

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "vendorproto:", err)
		os.Exit(1)
	}
}

func run() error {
	var files []protoreflect.FileDescriptor
	seen := map[string]bool{}
	for _, root := range roots {
		fd, err := protoregistry.GlobalFiles.FindFileByPath(root)
		if err != nil {
			return fmt.Errorf("%s is not linked: %w", root, err)
		}
		files = collect(fd, seen, files)
	}
	if err := os.RemoveAll(out); err != nil {
		return err
	}
	return (&protoprint.Printer{}).PrintProtosToFileSystem(files, out)
}

// collect walks imports depth first. The google/protobuf files are left out because buf carries its own.
func collect(fd protoreflect.FileDescriptor, seen map[string]bool, files []protoreflect.FileDescriptor) []protoreflect.FileDescriptor {
	if seen[fd.Path()] || strings.HasPrefix(fd.Path(), "google/protobuf/") {
		return files
	}
	seen[fd.Path()] = true
	for i := range fd.Imports().Len() {
		files = collect(fd.Imports().Get(i).FileDescriptor, seen, files)
	}
	return append(files, fd)
}
