package convertalk

// ErasureAdvice implements adapters.ErasureAdviser. A status "DELETED" exists in the vendor's own backend, at an endpoint that the
// documents of this API do not have, and what it deletes is not said.
func (a *Adapter) ErasureAdvice() string {
	return "the documented API has no request that deletes a person: delete the contact with the uuid given here on Convertalk's own pages, or ask its support"
}
