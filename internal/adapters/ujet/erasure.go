package ujet

// The contact of a campaign goes by EraseLead, in leads.go; the end user stays.

// ErasureAdvice implements adapters.ErasureAdviser. The Apps API can take a person out of a campaign, but no operation of it
// deletes an end user.
func (a *Adapter) ErasureAdvice() string {
	return "the Apps API has no request that deletes an end user: ask UJET's support to delete the end user, with its calls and chats, by the ID given here"
}
