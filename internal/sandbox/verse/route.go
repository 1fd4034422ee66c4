package verse

import (
	"context"
	"io"
	"net/http"
	"strings"
)

// call is one request to an account that has been let in.
type call struct {
	ctx     context.Context
	account string
	primary bool     // the key is the team's primary one
	team    []string // whose leads an action may be about, account first
	id      string   // the path's {id} segment, if the route has one
	body    []byte
}

// route is one method and path with its handler.
type route struct {
	method  string
	pattern []string // path segments; "{id}" takes any that is not empty
	handle  func(call) (reply, error)
}

// routeTable lists the routes.
func (e *Emulator) routeTable(p Paths) []route {
	return append([]route{
		{http.MethodPost, strings.Split(p.Create, "/"), e.create},
		{http.MethodPost, strings.Split(p.End, "/"), e.act(actionEnd)},
		{http.MethodPost, strings.Split(p.Stop, "/"), e.act(actionStop)},
		{http.MethodPost, strings.Split(p.DNC, "/"), e.act(actionDNC)},
	}, e.subscriptionRoutes()...)
}

// match compares a path with the pattern and returns the {id} segment.
func (r route) match(path string) (id string, ok bool) {
	segments := strings.Split(path, "/")
	if len(segments) != len(r.pattern) {
		return "", false
	}
	for i, want := range r.pattern {
		switch {
		case want == "{id}" && segments[i] != "":
			id = segments[i]
		case want != segments[i]:
			return "", false
		}
	}
	return id, true
}

// serve answers requests under the base path: key first, then route.
func (e *Emulator) serve(w http.ResponseWriter, r *http.Request) {
	account, ok := e.team.of(r.Header.Get("X-API-KEY"))
	if !ok {
		say(http.StatusUnauthorized, msgUnauthorized).write(w)
		return
	}
	for _, route := range e.routes {
		id, ok := route.match(r.URL.Path)
		if !ok || r.Method != route.method {
			continue
		}
		body, err := io.ReadAll(r.Body)
		if err != nil {
			refuse(msgBadBody).write(w)
			return
		}
		out, err := route.handle(call{
			ctx: r.Context(), account: account.Name, primary: account.Primary, team: e.actsFor(account), id: id, body: body,
		})
		if err != nil {
			e.log.Error("verse emulator failed", "path", r.URL.Path, "error", err)
		}
		out.write(w)
		return
	}
	say(http.StatusForbidden, msgNoRoute).write(w)
}

// actsFor lists the accounts whose leads a key may act on, its own first.
func (e *Emulator) actsFor(a Account) []string {
	accounts := []string{a.Name}
	if a.Primary && !e.settings.Get().PrimaryOwnOnly {
		for _, name := range e.team.names() {
			if name != a.Name {
				accounts = append(accounts, name)
			}
		}
	}
	return accounts
}

// serveUnknown answers requests that miss the base path.
func (e *Emulator) serveUnknown(w http.ResponseWriter, r *http.Request) {
	if _, ok := e.team.of(r.Header.Get("X-API-KEY")); !ok {
		say(http.StatusUnauthorized, msgUnauthorized).write(w)
		return
	}
	say(http.StatusForbidden, msgNoRoute).write(w)
}
