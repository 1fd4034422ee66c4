package server

import (
	"encoding/binary"
	"io"
	"net"
	"slices"
	"strings"
	"testing"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	leadmuxv1 "github.com/leadmux/leadmux/gen/leadmux/v1"
)

// HTTP/2 frames and settings, as far as the tests below look at them (RFC 9113).
const (
	frameSettings, framePing, frameGoAway   = 0x4, 0x6, 0x7
	settingMaxStreams, settingMaxHeaderList = 0x3, 0x6
	enhanceYourCalm                         = 0xb
	preface                                 = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
)

func frame(kind byte, payload []byte) []byte {
	return slices.Concat([]byte{0, 0, byte(len(payload)), kind, 0, 0, 0, 0, 0}, payload)
}

func readFrame(r io.Reader) (kind byte, payload []byte, err error) {
	head := make([]byte, 9)
	if _, err := io.ReadFull(r, head); err != nil {
		return 0, nil, err
	}
	payload = make([]byte, int(head[0])<<16|int(head[1])<<8|int(head[2]))
	_, err = io.ReadFull(r, payload)
	return head[3], payload, err
}

// TestConnectionLimitsAreAnnounced reads the server's own SETTINGS, then pings it too often.
func TestConnectionLimitsAreAnnounced(t *testing.T) {
	f := start(t)
	conn, err := net.Dial("tcp", f.GRPCAddr())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	_ = conn.SetDeadline(time.Now().Add(10 * time.Second))
	if _, err := conn.Write(append([]byte(preface), frame(frameSettings, nil)...)); err != nil {
		t.Fatal(err)
	}
	kind, payload, err := readFrame(conn)
	if err != nil || kind != frameSettings {
		t.Fatalf("the first frame is of kind %d, error %v", kind, err)
	}
	announced := map[uint16]uint32{}
	for ; len(payload) >= 6; payload = payload[6:] {
		announced[binary.BigEndian.Uint16(payload)] = binary.BigEndian.Uint32(payload[2:])
	}
	if announced[settingMaxStreams] != 250 || announced[settingMaxHeaderList] != 16384 {
		t.Errorf("the server announces %v", announced)
	}
	for range 5 {
		if _, err := conn.Write(frame(framePing, make([]byte, 8))); err != nil {
			break
		}
	}
	for {
		kind, payload, err := readFrame(conn)
		if err != nil {
			t.Fatalf("a client that pings without a call was not sent away: %v", err)
		}
		if kind == frameGoAway {
			if code := binary.BigEndian.Uint32(payload[4:]); code != enhanceYourCalm {
				t.Errorf("sent away with %d, want ENHANCE_YOUR_CALM", code)
			}
			return
		}
	}
}

func TestHeadersOverTheLimitOverGRPC(t *testing.T) {
	f := start(t)
	_, err := f.client().GetLead(withKey("x-large", strings.Repeat("x", 20<<10)), &leadmuxv1.GetLeadRequest{LeadId: leadID})
	if status.Code(err) == codes.OK {
		t.Error("20 KiB of metadata were accepted")
	}
}
