package verse

// ErasureAdvice implements adapters.ErasureAdviser. No document shows a request that deletes a lead.
func (a *Adapter) ErasureAdvice() string {
	return "Verse has no request that deletes a lead: ask your account manager at Verse to delete it, by the ID given here or by externalLeadId, which is our lead ID"
}
