package vendorhttp

import (
	"bytes"
	"fmt"
	"maps"
	"mime"
	"mime/multipart"
	"net/textproto"
	"path"
	"slices"
	"strings"

	"google.golang.org/protobuf/reflect/protoreflect"

	"github.com/leadmux/leadmux/internal/adapters"
)

// Fields that the requests and responses of RPCs with a file have.
const (
	fileData = "data"
	fileName = "file_name"
	fileType = "content_type"
)

// maxFile is the longest answer that is read of a route with a file, in bytes.
const maxFile = 64 << 20

// ofFile says whether a field is about the file itself.
func ofFile(f protoreflect.FieldDescriptor) bool { return f.Name() == fileData || f.Name() == fileName }

// formOf is a multipart form: the fields in the order of their names, and the file last, as "file".
func formOf(request protoreflect.Message, fields map[string]any) (Raw, error) {
	var body bytes.Buffer
	form := multipart.NewWriter(&body)
	for _, name := range slices.Sorted(maps.Keys(fields)) {
		if err := form.WriteField(name, textForm(fields[name])); err != nil {
			return Raw{}, err
		}
	}
	name := textOf(request, fileName)
	part, err := form.CreatePart(textproto.MIMEHeader{
		"Content-Disposition": {mime.FormatMediaType("form-data", map[string]string{"name": "file", "filename": name})},
		"Content-Type":        {typeOf(name)},
	})
	if err == nil {
		_, err = part.Write(request.Get(request.Descriptor().Fields().ByName(fileData)).Bytes())
	}
	if err == nil {
		err = form.Close()
	}
	if err != nil {
		return Raw{}, fmt.Errorf("the form cannot be written: %w", err)
	}
	return Raw{ContentType: form.FormDataContentType(), Bytes: body.Bytes()}, nil
}

// typeOf is the media type of a file by its name.
func typeOf(name string) string {
	if strings.EqualFold(path.Ext(name), ".zip") {
		return "application/zip"
	}
	return "application/json"
}

// readFile fills a response in from an answer that is a file.
func readFile(a Answer, response protoreflect.Message) *adapters.Error {
	set := func(name protoreflect.Name, v protoreflect.Value) {
		response.Set(response.Descriptor().Fields().ByName(name), v)
	}
	set(fileData, protoreflect.ValueOfBytes(a.Body))
	if media, _, err := mime.ParseMediaType(a.Header.Get("Content-Type")); err == nil {
		set(fileType, protoreflect.ValueOfString(media))
	}
	if _, parameters, err := mime.ParseMediaType(a.Header.Get("Content-Disposition")); err == nil {
		set(fileName, protoreflect.ValueOfString(path.Base("/"+strings.ToValidUTF8(parameters["filename"], "_"))))
	}
	return nil
}
