// Package verse emulates the External API of Verse (verse.io) as far as the
// vendor's documentation goes: creating a lead, ending, stopping and opting
// out its conversation, and the webhooks that tell of it. Where the
// documentation is silent the comment says "assumed", and a setting or Config
// field changes the behaviour.
//
// One emulator is one team of accounts: one primary, all others members. An
// account has its own key, duplicate scope and do-not-contact list, and is
// blocked by its own switches as well as by the team's. The primary key can act
// on all leads of the team; what it creates is its own account's.
//
// It shares no code with the Verse adapter, because it judges it. Only
// internal/sandbox and tests may import it.
package verse
