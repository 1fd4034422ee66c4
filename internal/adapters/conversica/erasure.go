package conversica

// ErasureAdvice implements adapters.ErasureAdviser. The one endpoint takes leads; nothing reads or deletes them (public, "AE
// conventions").
func (a *Adapter) ErasureAdvice() string {
	return "Conversica has no request that deletes a lead: ask Conversica's support to delete it by its id, which is our lead ID unless another one is given here"
}
