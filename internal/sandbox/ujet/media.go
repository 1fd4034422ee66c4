package ujet

import (
	"net/http"
	"slices"

	"github.com/leadmux/leadmux/internal/sandbox/kit"
)

// KindMedia is the ledger kind of photos and videos attached to chats, each under its media id.
const KindMedia = "media"

// Media is one photo or video of a chat.
type Media struct {
	MediaID int64 `json:"media_id"`
	ChatID  int64 `json:"chatId"`
	// Type is photo or video; PhotoType is as sent.
	Type      string `json:"type"`
	PhotoType string `json:"photoType,omitempty"`
	// Path is the storage key of the file, URL where it can be read.
	Path string `json:"s3Path"`
	URL  string `json:"url"`
}

// mediaAnswer is what the vendor shows of media.
type mediaAnswer struct {
	MediaID int64  `json:"media_id"`
	URL     string `json:"url"`
}

// mediaKind is what differs between photos and videos.
type mediaKind struct {
	name, contentType string
	limit             int
}

// The two kinds of media, with the limits the vendor states.
var (
	photos = mediaKind{"photo", "image/jpeg", 2 << 20}
	videos = mediaKind{"video", "video/mp4", 20 << 20}
)

func (e *Emulator) mediaRoutes(mux *http.ServeMux) {
	mux.HandleFunc("POST /chats/{id}/photos", e.serve(e.addPhotos))
	mux.HandleFunc("POST /chats/{id}/videos", e.serve(e.addVideo))
	for _, kind := range []mediaKind{photos, videos} {
		mux.HandleFunc("GET /chats/{id}/"+kind.name+"s", e.serve(e.listMedia(kind)))
		mux.HandleFunc("POST /chats/{id}/"+kind.name+"s/upload", e.serve(e.presign(kind)))
	}
}

// attachment is one uploaded file a request names.
type attachment struct {
	S3Path    string `json:"s3_path"`
	PhotoType string `json:"photo_type"`
}

// addPhotos is POST /chats/{id}/photos: one or more uploaded photos.
func (e *Emulator) addPhotos(w http.ResponseWriter, r *http.Request) (reply, error) {
	p, err := readParams(w, r)
	if err != nil {
		return reply{}, err
	}
	var list []attachment
	if _, err := p.value("photo", &list); err != nil {
		return reply{}, err
	}
	if len(list) == 0 {
		return reply{}, missing("photo")
	}
	if slices.ContainsFunc(list, func(a attachment) bool { return a.PhotoType != "photo" }) {
		return reply{}, badRequest("photo_type is invalid")
	}
	return e.attach(r, photos, list, func(added []mediaAnswer) any { return added })
}

// addVideo is POST /chats/{id}/videos: one uploaded video.
func (e *Emulator) addVideo(w http.ResponseWriter, r *http.Request) (reply, error) {
	p, err := readParams(w, r)
	if err != nil {
		return reply{}, err
	}
	var one attachment
	if given, err := p.value("video", &one); err != nil || !given {
		if err == nil {
			err = missing("video")
		}
		return reply{}, err
	}
	return e.attach(r, videos, []attachment{one}, func(added []mediaAnswer) any { return added[0] })
}

// attach adds uploaded files to a chat, all or none. A file that was never uploaded for that chat is
// refused (text assumed).
func (e *Emulator) attach(r *http.Request, kind mediaKind, list []attachment, shown func([]mediaAnswer) any) (reply, error) {
	return editSession(e, r, func(tx *kit.Tx, c *Chat) (reply, error) {
		if c.over() {
			return reply{}, badRequest("Chat is already ended")
		}
		added := make([]mediaAnswer, 0, len(list))
		for _, a := range list {
			if a.S3Path == "" {
				return reply{}, missing("s3_path")
			}
			var file upload
			found, err := tx.Get(kindUpload, a.S3Path, &file)
			if err != nil {
				return reply{}, err
			}
			if !found || !file.Stored || file.ChatID != c.ID || file.Type != kind.name {
				return reply{}, badRequest("s3_path is not found")
			}
			id, err := newID(tx, KindMedia)
			if err != nil {
				return reply{}, err
			}
			m := Media{MediaID: id, ChatID: c.ID, Type: kind.name, PhotoType: a.PhotoType, Path: a.S3Path, URL: storageURL(r) + "/" + a.S3Path}
			if err := tx.Put(KindMedia, key(id), m); err != nil {
				return reply{}, err
			}
			added = append(added, mediaAnswer{id, m.URL})
		}
		return reply{http.StatusOK, shown(added)}, nil
	})
}

// listMedia is GET on the same paths: all media of that kind, oldest first.
func (e *Emulator) listMedia(kind mediaKind) operation {
	return func(_ http.ResponseWriter, r *http.Request) (reply, error) {
		id, err := pathID(r, "id")
		if err != nil {
			return reply{}, err
		}
		out := []mediaAnswer{}
		err = e.ledger.View(func(tx *kit.Tx) error {
			if _, err := load[Chat](tx, KindChat, id); err != nil {
				return err
			}
			media, err := all[Media](tx, KindMedia)
			for _, m := range media {
				if m.ChatID == id && m.Type == kind.name {
					out = append(out, mediaAnswer{m.MediaID, m.URL})
				}
			}
			return err
		})
		kit.Touch(r.Context(), key(id), "")
		return reply{http.StatusOK, out}, err
	}
}
