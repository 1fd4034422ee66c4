package ujet

import (
	"net/http"

	"github.com/leadmux/leadmux/internal/adapters/vendorhttp"
)

// forwardsOfContactLists are the operations on phone books: 61 to 66 of the vendor's list, which calls the objects a contact list and
// a contact record and names neither path nor body.
func forwardsOfContactLists() vendorhttp.Forwards {
	const lists, list = "/contact_lists", "/contact_lists/{contact_list_id}"
	const records, record = list + "/contact_records", list + "/contact_records/{entry_id}"
	id := map[string]string{"ContactList.contact_list_id": "id", "ContactListEntry.entry_id": "id"}
	return vendorhttp.Forwards{
		"CreateContactList":      {Route: guessed(assumed, http.MethodPost, lists), Send: "contact_list", Reply: "contact_list", Names: id},
		"UpdateContactList":      {Route: guessed(assumed, http.MethodPatch, list), Send: "contact_list", Reply: "contact_list", Names: id},
		"DeleteContactList":      {Route: guessed(assumed, http.MethodDelete, list)},
		"AddContactListEntry":    {Route: guessed(assumed, http.MethodPost, records), Send: "entry", Reply: "entry", Names: id},
		"UpdateContactListEntry": {Route: guessed(assumed, http.MethodPatch, record), Send: "entry", Reply: "entry", Names: id},
		"DeleteContactListEntry": {Route: guessed(assumed, http.MethodDelete, record)},
	}
}
