package server

import (
	"context"
	"errors"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"

	"github.com/leadmux/leadmux/internal/rpcerr"
)

const (
	// pieceSize is how many bytes of a file go into one message.
	pieceSize = 256 << 10
	// pieceTimeout is how long a caller may take to send the next piece, so that a slow line may carry a large file and a silent
	// one is cut off.
	pieceTimeout = 15 * time.Second
	// filePart is the part of a form that is the file.
	filePart = "file"
)

// upload streams the body to the service. A body that breaks off ends the call before its end, and the service does nothing.
func (g *gateway) upload(w http.ResponseWriter, r *http.Request, b *binding, first proto.Message, contentType string) error {
	ctx, cancel := context.WithCancel(r.Context())
	defer cancel()
	body := &patient{body: r.Body, control: http.NewResponseController(w)}
	var file io.Reader = body
	var form *multipart.Reader
	if isForm(contentType) {
		_, parameters, err := mime.ParseMediaType(contentType)
		if err != nil || parameters["boundary"] == "" {
			return malformed("the form has no boundary")
		}
		form = multipart.NewReader(body, parameters["boundary"])
		if file, err = b.openForm(form, first); err != nil {
			return err
		}
	}
	stream, err := g.conn.NewStream(ctx, &grpc.StreamDesc{ClientStreams: true}, b.fullMethod)
	if err != nil {
		return err
	}
	if err := b.sendFile(stream, first, file); err != nil {
		return err
	}
	if form != nil {
		if _, err := form.NextPart(); !errors.Is(err, io.EOF) {
			return unreadForm(err)
		}
	}
	if err := stream.CloseSend(); err != nil {
		return err
	}
	response, err := newMessage(b.file.output)
	if err != nil {
		return err
	}
	if err := stream.RecvMsg(response); err != nil {
		return err
	}
	answer, err := protojson.Marshal(response)
	if err != nil {
		return err
	}
	w.Header().Set("Content-Type", "application/json")
	_, _ = w.Write(answer) //nolint:gosec // JSON, and nosniff keeps it so
	return nil
}

// sendFile sends a file piece by piece; what first says goes with the first one. A service that ends the call early says why in
// its answer, which the caller reads.
func (b *binding) sendFile(stream grpc.ClientStream, first proto.Message, file io.Reader) error {
	data := b.input.Fields().ByName(dataField)
	piece, buffer := first, make([]byte, pieceSize)
	for sent := 0; ; sent++ {
		n, err := io.ReadFull(file, buffer)
		ended := errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF)
		if err != nil && !ended {
			return unreadBody(err)
		}
		if n > 0 || sent == 0 {
			piece.ProtoReflect().Set(data, protoreflect.ValueOfBytes(append([]byte(nil), buffer[:n]...)))
			if err := stream.SendMsg(piece); errors.Is(err, io.EOF) {
				return nil
			} else if err != nil {
				return err
			}
		}
		if ended {
			return nil
		}
		if piece, err = newMessage(b.input); err != nil {
			return err
		}
	}
}

// openForm reads the form's fields into message, up to the part that is the file.
func (b *binding) openForm(form *multipart.Reader, message proto.Message) (io.Reader, error) {
	for {
		part, err := form.NextPart()
		switch {
		case errors.Is(err, io.EOF):
			return nil, rpcerr.Invalid(dataField, "the form has no part %q", filePart)
		case err != nil:
			return nil, unreadForm(err)
		case part.FormName() == filePart:
			name := b.input.Fields().ByName(fileNameField)
			if name != nil && part.FileName() != "" && !message.ProtoReflect().Has(name) {
				err = setText(message, fileNameField, part.FileName())
			}
			return part, err
		}
		value, err := io.ReadAll(io.LimitReader(part, formOverhead))
		if err != nil {
			return nil, unreadForm(err)
		}
		key := part.FormName()
		if err := b.checkParameter(key, []string{string(value)}); err != nil {
			return nil, err
		}
		if err := setText(message, string(b.input.Fields().ByJSONName(key).Name()), string(value)); err != nil {
			return nil, err
		}
	}
}

// unreadForm explains a form that could not be read to its end; nil is a part after the file.
func unreadForm(err error) error {
	if err == nil {
		return malformed("the part %q must be the last one of the form", filePart)
	}
	var over *http.MaxBytesError
	if errors.As(err, &over) {
		return errTooLarge(int(over.Limit))
	}
	return malformed("the form is not valid, or could not be read to its end")
}

func isForm(contentType string) bool {
	media, _, _ := mime.ParseMediaType(contentType)
	return media == "multipart/form-data"
}

// patient is a body whose every read has a deadline of its own.
type patient struct {
	body    io.Reader
	control *http.ResponseController
}

// Read reads on.
func (p *patient) Read(into []byte) (int, error) {
	_ = p.control.SetReadDeadline(time.Now().Add(pieceTimeout)) // a connection that has none keeps the server's
	return p.body.Read(into)
}

func newMessage(d protoreflect.MessageDescriptor) (proto.Message, error) {
	kind, err := protoregistry.GlobalTypes.FindMessageByName(d.FullName())
	if err != nil {
		return nil, err
	}
	return kind.New().Interface(), nil
}
