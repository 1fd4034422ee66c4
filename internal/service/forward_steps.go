package service

import "maps"

// allSteps are the steps of every forwarded RPC that has one, by the RPC's name.
func allSteps() map[string]step {
	all := map[string]step{}
	for _, steps := range []map[string]step{
		callSteps, chatSteps, contactCentreSteps(), agentSteps(), campaignSteps(), doNotCallSteps(), vendorWebhookSteps(),
	} {
		maps.Copy(all, steps)
	}
	return all
}
