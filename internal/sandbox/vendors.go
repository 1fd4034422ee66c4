package sandbox

import (
	"context"

	"github.com/leadmux/leadmux/internal/sandbox/conversica"
	"github.com/leadmux/leadmux/internal/sandbox/convertalk"
	"github.com/leadmux/leadmux/internal/sandbox/ujet"
	"github.com/leadmux/leadmux/internal/sandbox/verse"
)

// Names of the four vendors.
const (
	NameVerse      = "verse"
	NameUJET       = "ujet"
	NameConversica = "conversica"
	NameConvertalk = "convertalk"
)

// Vendor is what a client needs to use one emulator. Credentials a vendor has
// no use for are empty.
type Vendor struct {
	// Name is one of the names above.
	Name string
	// BaseURL is what the client puts before the vendor's paths, without a
	// slash at its end.
	BaseURL string
	// APIKey is the value of X-API-KEY (Verse).
	APIKey string
	// Username and Password are for HTTP Basic (Conversica).
	Username, Password string
	// Subdomain is the user name for HTTP Basic, Token its password (UJET).
	Subdomain string
	// Token is the token (UJET; Convertalk, for both of its endpoints).
	Token string
	// BotID and CustomerID are the bot and customer (Convertalk).
	BotID, CustomerID string
	// Hook is what proves that a webhook comes from this emulator.
	Hook Hook
}

func (s *Sandbox) startVerse(ctx context.Context, cfg Config) error {
	e, err := verse.New(verse.Config{Dir: cfg.Dir, Logger: cfg.Logger})
	if err != nil {
		return err
	}
	s.verse = e
	return s.serve(ctx, cfg.Logger, e, verse.BasePath, Vendor{Name: NameVerse, APIKey: verse.DefaultKey})
}

func (s *Sandbox) startUJET(ctx context.Context, cfg Config) error {
	e, err := ujet.New(ujet.Config{Dir: cfg.Dir, Logger: cfg.Logger})
	if err != nil {
		return err
	}
	s.ujet = e
	return s.serve(ctx, cfg.Logger, e, ujet.BasePath, Vendor{
		Name: NameUJET, Subdomain: ujet.DefaultSubdomain, Token: ujet.DefaultToken,
	})
}

func (s *Sandbox) startConversica(ctx context.Context, cfg Config) error {
	e, err := conversica.New(conversica.Config{Dir: cfg.Dir, Logger: cfg.Logger})
	if err != nil {
		return err
	}
	s.conversica = e
	return s.serve(ctx, cfg.Logger, e, "", Vendor{
		Name: NameConversica, Username: conversica.DefaultUsername, Password: conversica.DefaultPassword,
	})
}

func (s *Sandbox) startConvertalk(ctx context.Context, cfg Config) error {
	e, err := convertalk.New(convertalk.Config{Dir: cfg.Dir, Logger: cfg.Logger})
	if err != nil {
		return err
	}
	s.convertalk = e
	return s.serve(ctx, cfg.Logger, e, "", Vendor{
		Name: NameConvertalk, Token: convertalk.DefaultToken,
		BotID: convertalk.DefaultBotID, CustomerID: convertalk.DefaultCustomerID,
	})
}
