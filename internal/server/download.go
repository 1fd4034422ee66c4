package server

import (
	"context"
	"errors"
	"io"
	"mime"
	"net/http"

	"google.golang.org/grpc"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
)

// download streams a file from the service. What goes wrong before the first piece is answered as every error is; after it, the
// connection is cut, so that nobody takes a part for the whole.
func (g *gateway) download(w http.ResponseWriter, r *http.Request, b *binding, request proto.Message) error {
	ctx, cancel := context.WithCancel(r.Context())
	defer cancel()
	stream, err := g.conn.NewStream(ctx, &grpc.StreamDesc{ServerStreams: true}, b.fullMethod)
	if err != nil {
		return err
	}
	if err := errors.Join(stream.SendMsg(request), stream.CloseSend()); err != nil {
		return err
	}
	for begun := false; ; begun = true {
		piece, err := newMessage(b.file.output)
		if err == nil {
			err = stream.RecvMsg(piece)
		}
		switch {
		case errors.Is(err, io.EOF):
			return nil
		case err != nil && begun:
			panic(http.ErrAbortHandler) //nolint:forbidigo // net/http's way to cut off an answer that is under way
		case err != nil:
			return err
		}
		if !begun {
			fileHeaders(w.Header(), piece.ProtoReflect())
		}
		data := piece.ProtoReflect().Get(b.file.output.Fields().ByName(dataField)).Bytes()
		if _, err := w.Write(data); err != nil { //nolint:gosec // an attachment, and nosniff keeps it so
			return nil // a caller that has gone cannot be told
		}
	}
}

// fileHeaders say what the first piece says of the file. It is never shown in a browser, whatever its type.
func fileHeaders(h http.Header, piece protoreflect.Message) {
	text := func(name protoreflect.Name) string {
		return piece.Get(piece.Descriptor().Fields().ByName(name)).String()
	}
	parameters := map[string]string{}
	if name := text(fileNameField); name != "" {
		parameters["filename"] = name
	}
	h.Set("Content-Disposition", mime.FormatMediaType("attachment", parameters))
	h.Set("Content-Type", "application/octet-stream")
	if contentType := text(contentTypeField); contentType != "" {
		h.Set("Content-Type", contentType)
	}
}
