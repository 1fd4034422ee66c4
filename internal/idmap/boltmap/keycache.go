package boltmap

import (
	"sync"

	"github.com/leadmux/leadmux/internal/seal"
)

// cacheHalf is the size of each of the cache's two generations, in keys.
const cacheHalf = 2048

// keyCache keeps the unwrapped keys used lately: what was asked for since the young generation began, and the generation
// before it. It holds at most two times cacheHalf. The zero value is ready.
type keyCache struct {
	mu         sync.Mutex
	young, old map[string]*seal.DataKey
}

// get returns a key, nil if it is not cached.
func (c *keyCache) get(id string) *seal.DataKey {
	c.mu.Lock()
	defer c.mu.Unlock()
	if key := c.young[id]; key != nil {
		return key
	}
	key := c.old[id]
	if key != nil {
		c.add(id, key)
	}
	return key
}

// put adds a key.
func (c *keyCache) put(id string, key *seal.DataKey) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.add(id, key)
}

// drop forgets a key.
func (c *keyCache) drop(id string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.young, id)
	delete(c.old, id)
}

func (c *keyCache) add(id string, key *seal.DataKey) {
	if c.young == nil || len(c.young) >= cacheHalf {
		c.old, c.young = c.young, make(map[string]*seal.DataKey, cacheHalf)
	}
	c.young[id] = key
}
