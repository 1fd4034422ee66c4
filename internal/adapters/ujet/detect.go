package ujet

import (
	"context"
	"errors"

	"google.golang.org/protobuf/proto"

	leadmuxv1 "github.com/leadmux/leadmux/gen/leadmux/v1"
	"github.com/leadmux/leadmux/internal/adapters"
)

// maxListPages bounds the search for a contact.
const maxListPages = 100

// addContact does AddCampaignContact. Whether it was done can be found out by the contact's unique ID: before a repeat, and after an
// attempt whose answer was lost.
func (a *Adapter) addContact(ctx context.Context, request, response proto.Message) (adapters.Forwarded, error) {
	if adapters.Rechecks(ctx) {
		came, err := a.findAdded(ctx, request, response)
		if err == nil {
			return came, nil
		}
		if !errors.Is(err, errNotAdded) {
			return came, stillUnknown(err)
		}
	}
	came, err := a.conn.Forward(ctx, routeAddCampaignContact, request, response)
	if e := vendorError(err); e != nil && e.Ambiguous {
		if came, findErr := a.findAdded(ctx, request, response); findErr == nil {
			return came, nil
		}
	}
	return came, err
}

// errNotAdded is a contact that the campaign does not list.
var errNotAdded = errors.New("the campaign does not list the contact")

// findAdded looks for the contact in the campaign's list, and fills the response in with it.
func (a *Adapter) findAdded(ctx context.Context, request, response proto.Message) (adapters.Forwarded, error) {
	asked, ok := request.(*leadmuxv1.AddCampaignContactRequest)
	into, ok2 := response.(*leadmuxv1.AddCampaignContactResponse)
	if !ok || !ok2 || asked.GetContact().GetUniqueId() == "" {
		return adapters.Forwarded{}, errNotAdded
	}
	list := &leadmuxv1.ListCampaignContactsRequest{CampaignId: asked.GetCampaignId()}
	for range maxListPages {
		page := &leadmuxv1.ListCampaignContactsResponse{}
		came, err := a.conn.Forward(ctx, routeListCampaignContacts, list, page)
		if err != nil {
			return came, err
		}
		for _, contact := range page.GetContacts() {
			if contact.GetUniqueId() == asked.GetContact().GetUniqueId() {
				into.Contact = contact
				return came, nil
			}
		}
		if list.PageToken = page.GetNextPageToken(); list.GetPageToken() == "" {
			return came, errNotAdded
		}
	}
	return adapters.Forwarded{}, incompleteListing(routeAddCampaignContact, 0)
}

// stillUnknown is the error of a search that told nothing: what was in doubt stays so.
func stillUnknown(err error) error {
	if e := vendorError(err); e != nil {
		e.Op, e.Ambiguous = routeAddCampaignContact, true
	}
	return err
}
