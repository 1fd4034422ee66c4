package kit

import (
	"errors"
	"net/http"
)

// standard lists the routes that every emulator's control API has.
func (c *control) standard() []Route {
	routes := []Route{
		{http.MethodGet, "/", "Lists these routes.", c.getRoutes},
		{http.MethodGet, "/ledger", "All requests and records.", c.getLedger},
		{http.MethodGet, "/requests", "The requests in the order they arrived.", c.getRequests},
		{http.MethodGet, "/records", "The vendor's records by kind; ?kind= for one kind.", c.getRecords},
		{http.MethodGet, "/faults", "The planned faults still to come.", c.getFaults},
		{http.MethodPost, "/faults", `Plans one fault, or many as {"faults":[…]}.`, c.postFaults},
		{http.MethodDelete, "/faults", "Removes all planned faults.", c.deleteFaults},
	}
	if c.target.Settings != nil {
		routes = append(routes,
			Route{http.MethodGet, "/settings", "The vendor's switches.", c.getSettings},
			Route{http.MethodPatch, "/settings", "Merges a JSON object into the switches; null resets a key.", c.patchSettings})
	}
	return routes
}

func (c *control) getRoutes(r *http.Request, _ []byte) (any, error) {
	if _, err := Query(r); err != nil {
		return nil, err
	}
	return map[string]any{"routes": c.routes}, nil
}

func (c *control) getLedger(r *http.Request, _ []byte) (any, error) {
	out, err := c.getRecords(r, nil)
	if err != nil {
		return nil, err
	}
	requests, err := c.target.Ledger.Requests()
	if err != nil {
		return nil, err
	}
	all := out.(map[string]any)
	all["requests"] = emptyNotNull(requests)
	return all, nil
}

func (c *control) getRequests(r *http.Request, _ []byte) (any, error) {
	if _, err := Query(r); err != nil {
		return nil, err
	}
	requests, err := c.target.Ledger.Requests()
	return map[string]any{"requests": emptyNotNull(requests)}, err
}

func (c *control) getRecords(r *http.Request, _ []byte) (any, error) {
	query, err := Query(r, "kind")
	if err != nil {
		return nil, err
	}
	records, err := recordsOf(c.target.Ledger, query.Get("kind"))
	return map[string]any{"records": records}, err
}

func (c *control) getFaults(r *http.Request, _ []byte) (any, error) {
	if _, err := Query(r); err != nil {
		return nil, err
	}
	return map[string]any{"faults": emptyNotNull(c.target.Faults.List())}, nil
}

func (c *control) postFaults(r *http.Request, body []byte) (any, error) {
	faults, err := parseFaults[Fault](body)
	if err != nil {
		return nil, err
	}
	if len(faults) == 0 {
		return nil, errors.New("no fault given")
	}
	if err := c.target.Faults.Add(faults...); err != nil {
		return nil, err
	}
	return c.getFaults(r, nil)
}

func (c *control) deleteFaults(r *http.Request, _ []byte) (any, error) {
	c.target.Faults.Clear()
	return c.getFaults(r, nil)
}

func (c *control) getSettings(r *http.Request, _ []byte) (any, error) {
	if _, err := Query(r); err != nil {
		return nil, err
	}
	return c.target.Settings.current(), nil
}

func (c *control) patchSettings(r *http.Request, body []byte) (any, error) {
	if _, err := Query(r); err != nil {
		return nil, err
	}
	return c.target.Settings.patchJSON(body)
}

// emptyNotNull makes an empty list show as [] in JSON.
func emptyNotNull[T any](list []T) []T {
	if list == nil {
		return []T{}
	}
	return list
}
