// Command importleads is an example client: it reads leads from a CSV file or from JSON lines, gives them to Leadmux over the
// ImportLeads stream, and shows how far it is. However often it, the service or the network between them is stopped, it takes up
// where it was, and no lead is made twice.
//
//	go run ./examples/importleads --file leads.csv --accounts verse,ujet
//
// It keeps FILE.progress, with how far it came, and FILE.refused, with each lead that was refused and why, one JSON object a line.
package main

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"
	"time"

	"github.com/alecthomas/kong"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/metadata"

	leadmuxv1 "github.com/leadmux/leadmux/gen/leadmux/v1"
)

// options are the flags.
type options struct {
	File     string        `required:"" type:"existingfile" help:"What to import: .csv with a head line of our field names, or one lead as JSON on each line."`
	Address  string        `default:"127.0.0.1:8081" help:"Where Leadmux serves gRPC."`
	TLS      bool          `help:"Use TLS. The API key travels with every call, so leave it out on loopback only."`
	Key      string        `env:"LEADMUX_API_KEY" help:"API key (or LEADMUX_API_KEY); the sandbox asks for none."`
	Accounts []string      `help:"Accounts to give the leads to; none: the tenant's default accounts."`
	Name     string        `help:"Name of this import; with the line it makes each lead's request_id. None: the file's name. Another name imports everything again."`
	Check    bool          `help:"Only check every lead; create none, and keep no progress."`
	GiveUp   time.Duration `default:"10m" help:"Give up when the service could not be reached for so long."`
}

func main() {
	var o options
	kong.Parse(&o, kong.Description("Import leads into Leadmux, with progress, and without ever making one twice."))
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, o)
	stop()
	if err != nil {
		_, _ = fmt.Fprintln(os.Stderr, "importleads: "+err.Error())
		os.Exit(1)
	}
}

// run imports the file, from where an earlier run came to.
func run(ctx context.Context, o options) (err error) {
	if o.Name == "" {
		o.Name = filepath.Base(o.File)
	}
	conn, err := dial(o)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, conn.Close()) }()
	j, err := openJournal(o)
	if err != nil {
		return err
	}
	total, err := countRows(o.File)
	if err != nil {
		return err
	}
	screen := newScreen(os.Stderr, total, j.state)
	i := &importer{options: o, client: leadmuxv1.NewLeadServiceClient(conn), journal: j, screen: screen}
	err = errors.Join(i.untilDone(ctx), j.close())
	screen.finish(err)
	return err
}

func dial(o options) (*grpc.ClientConn, error) {
	transport := insecure.NewCredentials()
	if o.TLS {
		transport = credentials.NewTLS(&tls.Config{MinVersion: tls.VersionTLS12})
	}
	return grpc.NewClient(o.Address, grpc.WithTransportCredentials(transport))
}

// authorized puts the API key into the context of a call.
func (o options) authorized(ctx context.Context) context.Context {
	if o.Key == "" {
		return ctx
	}
	return metadata.AppendToOutgoingContext(ctx, "authorization", "Bearer "+o.Key)
}
