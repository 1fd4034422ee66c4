package main

import (
	"bufio"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"google.golang.org/protobuf/encoding/protojson"

	leadmuxv1 "github.com/leadmux/leadmux/gen/leadmux/v1"
)

// maxLine bounds a line of JSON; the service takes no message above 1 MiB.
const maxLine = 1 << 20

// row is one lead of the file.
type row struct {
	number int // from 1
	lead   *leadmuxv1.Lead
	err    error // it cannot be read
}

// rows reads a file lead by lead.
type rows struct {
	file   *os.File
	number int
	next   func() (*leadmuxv1.Lead, error) // io.EOF at the end; a *rowError for one that cannot be read
}

// rowError is a row that cannot be read, though those behind it can.
type rowError struct{ reason string }

func (b *rowError) Error() string { return b.reason }

// openRows opens a file and passes over what was imported before.
func openRows(path string, done int) (*rows, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	r := &rows{file: file}
	if strings.HasSuffix(strings.ToLower(path), ".csv") {
		r.next, err = csvRows(file)
	} else {
		r.next = jsonRows(file)
	}
	for err == nil && r.number < done {
		if _, err = r.read(); errors.Is(err, io.EOF) {
			err = fmt.Errorf("%s has fewer leads than were imported of it before; give another --name", path)
		}
	}
	if err != nil {
		return nil, errors.Join(err, file.Close())
	}
	return r, nil
}

// read returns the next row, io.EOF at the end.
func (r *rows) read() (row, error) {
	lead, err := r.next()
	var bad *rowError
	if err != nil && !errors.As(err, &bad) {
		return row{}, err
	}
	r.number++
	return row{number: r.number, lead: lead, err: err}, nil
}

func (r *rows) close() error { return r.file.Close() }

// countRows is how many leads a file has, for the progress.
func countRows(path string) (int, error) {
	r, err := openRows(path, 0)
	if err != nil {
		return 0, err
	}
	for {
		if _, err := r.read(); err != nil {
			if errors.Is(err, io.EOF) {
				err = nil
			}
			return r.number, errors.Join(err, r.close())
		}
	}
}

// jsonRows reads one lead a line, as the API writes it: {"firstName": "Ada", "email": "ada@example.com"}.
func jsonRows(in io.Reader) func() (*leadmuxv1.Lead, error) {
	lines := bufio.NewScanner(in)
	lines.Buffer(make([]byte, 0, 64<<10), maxLine)
	return func() (*leadmuxv1.Lead, error) {
		for lines.Scan() {
			line := strings.TrimSpace(lines.Text())
			if line == "" {
				continue
			}
			lead := &leadmuxv1.Lead{}
			if err := protojson.Unmarshal([]byte(line), lead); err != nil {
				return nil, &rowError{"is no lead in JSON"} // the error would repeat what is in the file
			}
			return lead, nil
		}
		if err := lines.Err(); err != nil {
			return nil, err
		}
		return nil, io.EOF
	}
}

// csvRows reads a table with a head line of field names.
func csvRows(in io.Reader) (func() (*leadmuxv1.Lead, error), error) {
	table := csv.NewReader(in)
	head, err := table.Read()
	if err != nil {
		return nil, fmt.Errorf("the head line cannot be read: %w", err)
	}
	set, err := columns(head)
	if err != nil {
		return nil, err
	}
	return func() (*leadmuxv1.Lead, error) {
		record, err := table.Read()
		if errors.Is(err, csv.ErrFieldCount) {
			return nil, &rowError{fmt.Sprintf("has %d columns, the head line %d", len(record), len(head))}
		}
		var unreadable *csv.ParseError
		if errors.As(err, &unreadable) {
			return nil, &rowError{fmt.Sprintf("is no row of a table from column %d on", unreadable.Column)}
		}
		if err != nil {
			return nil, err
		}
		lead := &leadmuxv1.Lead{}
		for i, value := range record {
			if value != "" {
				set[i](lead, value)
			}
		}
		return lead, nil
	}, nil
}
