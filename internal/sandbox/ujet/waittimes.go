package ujet

import (
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

// waitTime is one menu's estimate. Units are ambiguous in the vendor's documents; plain integers.
type waitTime struct {
	MenuID             int64  `json:"menu_id"`
	MenuType           string `json:"menu_type"`
	Chat               int    `json:"chat"`
	VoiceCall          int    `json:"voice_call"`
	MaterializedPath   string `json:"materialized_path"`
	LoggedInAgents     int    `json:"logged_in_agents"`
	AvailableAgents    int    `json:"available_agents"`
	BreakthroughAgents int    `json:"breakthrough_agents"`
}

// waitFilter is a validated query; zero values do not filter.
type waitFilter struct {
	menu, from, to    int64
	menuType, channel string
}

// waitTimes is GET /wait_times: lang is required, the rest filters; menu_id takes its whole subtree.
func (e *Emulator) waitTimes(_ http.ResponseWriter, r *http.Request) (reply, error) {
	filter, err := parseWaitFilter(r.URL.Query())
	if err != nil {
		return reply{}, err
	}
	s := e.settings.Get()
	found := []waitTime{}
	for _, id := range slices.Sorted(maps.Keys(s.Menus)) {
		m := s.waitTime(id)
		if (filter.menu == 0 || s.below(id, filter.menu)) && filter.takes(m) {
			found = append(found, m)
		}
	}
	return reply{http.StatusOK, found}, nil
}

func parseWaitFilter(query url.Values) (f waitFilter, err error) {
	if query.Get("lang") == "" {
		return f, missing("lang")
	}
	if f.menu, err = positive(query, "menu_id"); err != nil {
		return f, err
	}
	if f.from, err = positive(query, "wait[from]"); err != nil {
		return f, err
	}
	if f.to, err = positive(query, "wait[to]"); err != nil {
		return f, err
	}
	if f.menuType, err = oneOf(query, "menu_type", menuTypes...); err != nil {
		return f, err
	}
	f.channel, err = oneOf(query, "channel_type", "voice_call", "chat")
	return f, err
}

// waitTime renders a menu's estimate.
func (s Settings) waitTime(id int64) waitTime {
	m := s.Menus[id]
	return waitTime{
		MenuID: id, MenuType: m.Type, Chat: m.ChatWait, VoiceCall: m.VoiceWait, MaterializedPath: strings.Join(s.menuPath(id), "/"),
		LoggedInAgents: m.LoggedIn, AvailableAgents: m.Available, BreakthroughAgents: m.Breakthrough,
	}
}

// takes says whether the menu passes the filter, its place in the tree aside. The wait is that of the channel asked for, or of
// either when none is.
func (f waitFilter) takes(m waitTime) bool {
	if f.menuType != "" && m.MenuType != f.menuType {
		return false
	}
	switch f.channel {
	case "voice_call":
		return f.inside(m.VoiceCall)
	case "chat":
		return f.inside(m.Chat)
	default:
		return f.inside(m.VoiceCall) || f.inside(m.Chat)
	}
}

func (f waitFilter) inside(wait int) bool {
	return int64(wait) >= f.from && (f.to == 0 || int64(wait) <= f.to)
}

// positive reads an optional positive integer; 0 when absent.
func positive(query url.Values, name string) (int64, error) {
	if query.Get(name) == "" {
		return 0, nil
	}
	n, err := strconv.ParseInt(query.Get(name), 10, 64)
	if err != nil || n < 1 {
		return 0, badRequest(name + " is not well formed")
	}
	return n, nil
}

// oneOf reads an optional word of a closed set.
func oneOf(query url.Values, name string, words ...string) (string, error) {
	word := query.Get(name)
	if word != "" && !slices.Contains(words, word) {
		return "", badRequest(name + " is invalid")
	}
	return word, nil
}
