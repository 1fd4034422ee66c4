package ujet

import "strings"

// DefaultCompanySecret signs custom data where the settings say nothing else.
const DefaultCompanySecret = "sandbox-ujet-company-secret"

// defaultSettings is an invented contact centre.
func defaultSettings() Settings {
	return Settings{
		RatePerSecond:    1,
		Campaigns:        []int64{1, 2},
		Menus:            seedMenus(),
		InboundMenuTypes: []string{"ivr_menu", "web_menu"},
		Teams:            map[int64]string{1: "Sales", 2: "Support"},
		Users:            seedUsers(),
		Languages:        map[string]bool{"en": true, "es": true, "pt-BR": true, "fr": false, "de": false},
		ManagedNumbers:   []string{"+14155550110", "+14155550111"},
		DefaultNumber:    "+14155550110",
		Tickets:          map[string]string{"T-1001": "+14155550120", "T-1002": "+14155550121"},
		CRM:              true,
		EndUserSeconds:   60,
		SMS:              true,
		OutboundSMS:      true,
		CompanySecret:    DefaultCompanySecret,
		AgentStatuses: map[int64]AgentStatus{
			1: {Name: StatusAvailable}, 2: {Name: "Break"}, 3: {Name: "Lunch"},
			11: {Name: statusInCall, System: true}, 12: {Name: statusInChat, System: true},
			13: {Name: statusOffline, System: true}, 14: {Name: statusUnavailable, System: true},
		},
		Locations:    []string{"Austin", "Lisbon"},
		Roles:        []string{roleAgent, "Manager", "Analyst"},
		MaxChatLimit: 20,
		JobSeconds:   1,
		LogoutBatch:  50,
		HookRetryMS:  []int{1000, 5000, 25000},
	}
}

func seedMenus() map[int64]Menu {
	return map[int64]Menu{
		11: {Name: "Sales", Type: "ivr_menu", State: stateOpen, VoiceWait: 120, LoggedIn: 4, Available: 1},
		12: {Name: "Support", Type: "web_menu", State: stateOpen, ChatWait: 30, VoiceWait: 60, LoggedIn: 3, Available: 2},
		13: {Name: "App", Type: "mobile_menu", State: stateOpen, ChatWait: 45, VoiceWait: 90, LoggedIn: 2, Available: 1},
		14: {Name: "Renewals", Type: "ivr_menu", ParentID: 11, State: stateOpen, VoiceWait: 240, LoggedIn: 2},
		15: {Name: "Assistant", Type: "web_menu", State: stateOpen, VirtualAgent: 501, ChatWait: 5, LoggedIn: 1, Available: 1},
	}
}

func seedUsers() map[int64]User {
	const login = "2026-01-05T08:00:00.000Z"
	agent := func(id int64, first, last, location, team string) User {
		return User{
			ID: id, Email: strings.ToLower(first) + "@agents.example.com", FirstName: first, LastName: last,
			AgentNumber: "A" + string(rune('0'+id%10)), Location: location, MaxChatLimit: 5, MaxChatLimitEnabled: true,
			Teams: []string{team}, Roles: []string{roleAgent}, PhoneNumbers: []string{}, ExtensionNumbers: []int{},
			Status: StatusAvailable, Online: true, IPAddress: "192.0.2." + string(rune('0'+id%10)),
			LastLoginTime: login, StatusUpdatedAt: login,
		}
	}
	busy := agent(24, "Dan", "Fox", "Lisbon", "Support")
	busy.Status = statusInCall
	away := agent(25, "Eve", "Gray", "Lisbon", "Support")
	away.Status, away.Online = statusOffline, false
	analyst := agent(26, "Finn", "Hale", "Austin", "Sales")
	analyst.Roles, analyst.Online, analyst.Status = []string{"Analyst"}, false, statusOffline
	users := map[int64]User{}
	for _, u := range []User{
		agent(21, "Ana", "Costa", "Austin", "Sales"), agent(22, "Ben", "Diaz", "Austin", "Sales"),
		agent(23, "Cleo", "Evans", "Lisbon", "Support"), busy, away, analyst,
	} {
		users[u.ID] = u
	}
	return users
}
