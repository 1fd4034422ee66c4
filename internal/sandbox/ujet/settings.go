package ujet

import (
	"errors"
	"slices"
)

// Settings are the switches of an emulated subdomain, changed through the control API and kept in
// the ledger.
type Settings struct {
	// RatePerSecond is how many requests a second the subdomain may make, evenly spaced (no burst:
	// assumed). The vendor's documents say 1 in one place and 10 in another. 0 turns the limit off.
	RatePerSecond float64 `json:"ratePerSecond"`
	// Campaigns are the ids of the outbound campaigns that exist; the Apps API cannot make one.
	Campaigns []int64 `json:"campaigns"`
}

func defaultSettings() Settings {
	return Settings{RatePerSecond: 1, Campaigns: []int64{1, 2}}
}

// validate refuses values that mean nothing.
func (s Settings) validate() error {
	if s.RatePerSecond < 0 || s.RatePerSecond > 1e6 {
		return errors.New("ratePerSecond must be 0 (no limit) to 1000000")
	}
	if slices.ContainsFunc(s.Campaigns, func(id int64) bool { return id < 1 }) {
		return errors.New("campaigns must be positive ids")
	}
	return nil
}
