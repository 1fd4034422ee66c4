package main

import (
	"context"
	"time"

	"github.com/leadmux/leadmux/internal/adapters"
	"github.com/leadmux/leadmux/internal/config"
	"github.com/leadmux/leadmux/internal/delivery"
	"github.com/leadmux/leadmux/internal/poll"
	"github.com/leadmux/leadmux/internal/service"
)

// pollEvery is every account's poll.every, by its name.
func pollEvery(cfg *config.Config) map[string]time.Duration {
	every := map[string]time.Duration{}
	for _, a := range cfg.Accounts {
		every[a.Name] = a.Poll.Every
	}
	return every
}

// pollTasks are the accounts that are asked for what they do not tell: those whose vendor has lists to read, and those where work of ours
// is followed.
func pollTasks(ctx context.Context, every map[string]time.Duration, accounts *adapters.Set, leads *service.LeadService, dispatcher *delivery.Dispatcher) ([]poll.Task, error) {
	var tasks []poll.Task
	for _, account := range accounts.All() {
		if following, ok := dispatcher.Following(account); ok {
			tasks = append(tasks, poll.Task{Account: account, Poll: following.Poll})
			continue
		}
		reading, ok := leads.Reading(account)
		if !ok {
			continue
		}
		last, err := reading.LastRead(ctx)
		if err != nil {
			return nil, err
		}
		pause := every[account.Name]
		tasks = append(tasks, poll.Task{
			Account: account, Feed: true, Hinted: pause == 0, Last: last,
			Poll: func(ctx context.Context) (time.Duration, error) { return pause, reading.Poll(ctx) },
		})
	}
	return tasks, nil
}
