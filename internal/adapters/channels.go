package adapters

import leadmuxv1 "github.com/leadmux/leadmux/gen/leadmux/v1"

// Reach is whether an account may contact a lead that it has on one channel.
type Reach uint8

// What a ChannelKeeper answers.
const (
	ReachAlways     Reach = iota // yes, and nothing holds it back from this channel alone
	ReachUnlessTold              // yes, unless it is told of the person's opt-out from this channel
	ReachNever                   // the account does not use this channel
)

// ChannelKeeper is an account that does not use every channel, or can be kept from one while it goes on with others. An
// account without it may contact people on every channel, and only an opt-out from all of them stops it.
type ChannelKeeper interface {
	Adapter
	// Reach is asked for SMS, EMAIL and CALL.
	Reach(channel leadmuxv1.ContactChannel) Reach
}
