package vendorhttp

import (
	"fmt"
	"maps"
	"net/url"
	"regexp"
	"slices"
	"strings"

	leadmuxv1 "github.com/leadmux/leadmux/gen/leadmux/v1"
)

// Routes are a vendor's requests by name. The name is that of the RPC the request serves, or one beginning with it where an
// RPC needs several.
type Routes map[string]Route

// Route is the method and path of one request.
type Route struct {
	Method string
	// Path begins with "/" and is appended to the base URL. It may hold {name} placeholders.
	Path string
	// Vars are further placeholders that an override may have: what every call of the route gives a value for.
	Vars []string
	// Evidence says how sure we are of method and path.
	Evidence leadmuxv1.Evidence
}

// route is a Route in use.
type route struct {
	Route
	overridden bool
}

var (
	routeText   = regexp.MustCompile(`^(GET|POST|PUT|PATCH|DELETE) (/[^\s?#]*)$`)
	placeholder = regexp.MustCompile(`\{([^{}/]*)\}`)
)

// resolve lays the configured overrides over a vendor's routes.
func resolve(defaults Routes, overrides map[string]string) (map[string]route, error) {
	in := make(map[string]route, len(defaults))
	for name, r := range defaults {
		if !routeText.MatchString(r.Method + " " + r.Path) {
			return nil, fmt.Errorf("route %s: %q is no \"METHOD /path\"", name, r.Method+" "+r.Path)
		}
		in[name] = route{Route: r}
	}
	for _, name := range slices.Sorted(maps.Keys(overrides)) {
		r, ok := in[name]
		if !ok {
			return nil, fmt.Errorf("unknown route %q; allowed: %s", name, strings.Join(slices.Sorted(maps.Keys(defaults)), ", "))
		}
		m := routeText.FindStringSubmatch(overrides[name])
		if m == nil || !parses(m[2]) {
			return nil, fmt.Errorf("route %s: %q is no \"METHOD /path\", such as %q (methods: GET, POST, PUT, PATCH, DELETE)",
				name, overrides[name], r.Method+" "+r.Path)
		}
		if err := checkPlaceholders(append(placeholders(r.Path), r.Vars...), m[2]); err != nil {
			return nil, fmt.Errorf("route %s: %w", name, err)
		}
		r.Method, r.Path, r.overridden = m[1], m[2], true
		in[name] = r
	}
	return in, nil
}

// parses says whether a path can stand in a URL once its placeholders are filled in.
func parses(path string) bool {
	_, err := url.Parse("http://host" + placeholder.ReplaceAllString(path, "x"))
	return err == nil
}

// checkPlaceholders refuses a placeholder that is not known: nothing would fill it in.
func checkPlaceholders(known []string, path string) error {
	for _, name := range placeholders(path) {
		if !slices.Contains(known, name) {
			return fmt.Errorf("unknown placeholder {%s}; allowed: %s", name, strings.Join(known, ", "))
		}
	}
	if strings.ContainsAny(placeholder.ReplaceAllString(path, ""), "{}") {
		return fmt.Errorf("unbalanced braces in %q", path)
	}
	return nil
}

func placeholders(path string) []string {
	var names []string
	for _, m := range placeholder.FindAllStringSubmatch(path, -1) {
		names = append(names, m[1])
	}
	return names
}

// expand fills the placeholders in. A value that is empty or a dot segment is refused: it would lead to another route.
func expand(path string, vars map[string]string) (string, error) {
	for _, name := range placeholders(path) {
		v := vars[name]
		if v == "" || v == "." || v == ".." {
			return "", fmt.Errorf("no usable value for {%s} in the path", name)
		}
		path = strings.ReplaceAll(path, "{"+name+"}", url.PathEscape(v))
	}
	return path, nil
}
