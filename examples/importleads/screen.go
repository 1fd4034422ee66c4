package main

import (
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"google.golang.org/grpc/status"
)

// screen shows how far the import is: one line that changes in place on a terminal, else a line every few seconds.
type screen struct {
	out      io.Writer
	terminal bool
	total    int
	began    time.Time
	first    int // leads that earlier runs had done
	shown    time.Time
	last     state
	broken   string
}

func newScreen(out *os.File, total int, at state) *screen {
	info, err := out.Stat()
	s := &screen{
		out: out, terminal: err == nil && info.Mode()&os.ModeCharDevice != 0, total: total, began: time.Now(), first: at.Done, last: at,
	}
	if at.Done > 0 {
		s.line(fmt.Sprintf("going on behind row %d of %d\n", at.Done, total))
	}
	return s
}

// show shows the state, not more often than can be read.
func (s *screen) show(at state) {
	s.last = at
	every := 5 * time.Second
	if s.terminal {
		every = 200 * time.Millisecond
	}
	if time.Since(s.shown) < every {
		return
	}
	s.shown, s.broken = time.Now(), ""
	s.progress()
}

// lost says, once, that the stream broke.
func (s *screen) lost(err error) {
	why := status.Convert(err).Message()
	if why == s.broken {
		return
	}
	s.broken = why
	s.line("the stream broke, taking it up again: " + why + "\n")
}

// finish shows the end.
func (s *screen) finish(err error) {
	s.progress()
	end := "\ndone\n"
	if err != nil {
		end = fmt.Sprintf("\nstopped behind row %d; start it again to go on\n", s.last.Done)
	}
	s.line(end)
}

func (s *screen) progress() {
	text := fmt.Sprintf("%s %d of %d", bar(s.last.Done, s.total), s.last.Done, s.total)
	if s.last.Refused > 0 {
		text += fmt.Sprintf(" · %d refused", s.last.Refused)
	}
	if s.last.Known > 0 {
		text += fmt.Sprintf(" · %d were there", s.last.Known)
	}
	if took := time.Since(s.began); took > time.Second && s.last.Done > s.first {
		rate := float64(s.last.Done-s.first) / took.Seconds()
		left := time.Duration(float64(s.total-s.last.Done) / rate * float64(time.Second))
		text += fmt.Sprintf(" · %.0f/s · %s left", rate, left.Round(time.Second))
	}
	if s.terminal {
		s.line("\r\x1b[K" + text) // over the last one
		return
	}
	s.line(text + "\n")
}

func (s *screen) line(text string) {
	_, _ = io.WriteString(s.out, text) // there is nobody else to tell
}

func bar(done, total int) string {
	const width = 24
	full := width
	if total > 0 {
		full = min(width, width*done/total)
	}
	return "[" + strings.Repeat("#", full) + strings.Repeat(".", width-full) + "]"
}
