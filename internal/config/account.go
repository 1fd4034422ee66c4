package config

import "time"

// The vendors there are adapters for.
const (
	Verse      = "verse"
	UJET       = "ujet"
	Conversica = "conversica"
	Convertalk = "convertalk"
)

// Account is one set of credentials at a vendor. The tag vendors names the vendors that have a key; without it all do.
type Account struct {
	// Name is the account in the API: a-z, 0-9 and "-", unique.
	Name string `yaml:"name"`
	// Vendor is one of Vendors.
	Vendor string `yaml:"vendor"`
	// Tenant is whose account it is.
	Tenant string `yaml:"tenant"`
	// BaseURL is what the vendor's paths are appended to. It is always set: for UJET it follows from Subdomain and Domain
	// where it is not given.
	BaseURL string `yaml:"base_url"`
	// RatePerSecond is how many requests we allow ourselves. UJET's limit is per subdomain, so its accounts share it.
	RatePerSecond float64 `yaml:"rate_per_second"`
	// Routes override the method and path of single RPCs: "CreateLead": "POST /path".
	Routes map[string]string `yaml:"routes"`
	// Poll asks the vendor for what it does not tell.
	Poll Poll `yaml:"poll"`
	// Webhook is how the vendor's deliveries to us are recognised; nil when it sends none.
	Webhook *Webhook `yaml:"webhook"`

	// APIKey is the vendor's key of the account.
	APIKey Secret `yaml:"api_key" vendors:"verse"`
	// PhoneField is the name the vendor's request has for the phone number.
	PhoneField string `yaml:"phone_field" vendors:"verse"`
	// UnqualifiedOptOutReasons are the vendor's texts for "unqualified" that mean an opt-out.
	UnqualifiedOptOutReasons []string `yaml:"unqualified_opt_out_reasons" vendors:"verse"`

	// Subdomain is the customer's name at the vendor, and the user name of Basic authentication.
	Subdomain string `yaml:"subdomain" vendors:"ujet"`
	// Domain is what follows the subdomain in the vendor's host name.
	Domain string `yaml:"domain" vendors:"ujet"`
	// Identifier says which of our IDs is the end user's identifier: one of Identifiers.
	Identifier string `yaml:"identifier" vendors:"ujet"`
	// CompanySecret signs custom data.
	CompanySecret Secret `yaml:"company_secret" vendors:"ujet"`
	// BulkToken is the API user's token for agent imports.
	BulkToken Secret `yaml:"bulk_token" vendors:"ujet"`
	// MessageContent is how a chat message's content is written: one of ContentForms.
	MessageContent string `yaml:"message_content" vendors:"ujet"`

	// Token is the API token.
	Token Secret `yaml:"token" vendors:"ujet,convertalk"`

	// Username is the user of Basic authentication.
	Username string `yaml:"username" vendors:"conversica"`
	// Password is its password.
	Password Secret `yaml:"password" vendors:"conversica"`
	// ClientID is the customer's ID at the vendor.
	ClientID string `yaml:"client_id" vendors:"conversica"`
	// ConversationID is the conversation a lead is put into where the caller does not say.
	ConversationID string `yaml:"conversation_id" vendors:"conversica"`
	// RepName is used for a lead without an owner.
	RepName string `yaml:"rep_name" vendors:"conversica"`
	// LeadSource is used for a lead without a source.
	LeadSource string `yaml:"lead_source" vendors:"conversica"`
	// QualifiedStatus is the lead status that EndConversation sends for a lead without one; empty for the adapter's own.
	QualifiedStatus string `yaml:"qualified_status" vendors:"conversica"`

	// BotToken is the token of the listing, where it differs from Token.
	BotToken Secret `yaml:"bot_token" vendors:"convertalk"`
	// BotID is the bot's ID at the vendor.
	BotID string `yaml:"bot_id" vendors:"convertalk"`
	// CustomerID is the customer's ID at the vendor, 24 hex digits.
	CustomerID string `yaml:"customer_id" vendors:"convertalk"`
	// ArrayFields is how lists are sent: one of ArrayForms.
	ArrayFields string `yaml:"array_fields" vendors:"convertalk"`
	// ArrayMode is what the vendor does with the tags, attributes and notes it has when it is sent others: one of ArrayModes.
	ArrayMode string `yaml:"array_mode" vendors:"convertalk"`
}

// Poll is how often a vendor is asked for what it does not tell: Convertalk for its leads and chats, UJET for the jobs and campaign
// contacts of ours. The others have nothing to be asked for.
type Poll struct {
	// Every is the pause between two rounds, at UJET the first one between two looks at the same thing; zero for none: Convertalk is then
	// asked after its hooks alone, and nothing is followed at UJET.
	Every time.Duration `yaml:"every"`
}

// Webhook is how a vendor's deliveries to us are recognised.
type Webhook struct {
	// PathToken is the unguessable part of the URL, at least 20 characters that need no escaping there.
	PathToken Secret `yaml:"path_token"`
	// Bearer is the token the vendor sends.
	Bearer Secret `yaml:"bearer" vendors:"verse"`
	// SigningSecrets are the secrets one of which has signed a delivery; two during a rotation.
	SigningSecrets []Secret `yaml:"signing_secrets" vendors:"ujet"`
	// Username is the user of Basic authentication the vendor sends (UJET: session events only).
	Username string `yaml:"username" vendors:"ujet,conversica"`
	// Password is its password.
	Password Secret `yaml:"password" vendors:"ujet,conversica"`
}

// Hook is the account's Webhook; the zero value when the vendor sends nothing.
func (a Account) Hook() Webhook {
	if a.Webhook == nil {
		return Webhook{}
	}
	return *a.Webhook
}
