package config

import (
	"fmt"
	"io"
	"os"
	"reflect"
	"slices"
	"strings"
)

// maxFile bounds the configuration file, in bytes.
const maxFile = 1 << 20

// Override is a single value from outside the file, such as a flag.
type Override struct {
	Key    string // one of Settings
	Value  string
	Source string // for messages: "--http-addr"
}

// Load reads the file, lets LEADMUX_… variables win over it and overrides over both, and checks the whole. env looks a variable up
// (os.LookupEnv); it also resolves {env: NAME}. The error is Problems, or about the file itself.
func Load(path string, env func(string) (string, bool), overrides ...Override) (*Config, error) {
	raw, err := readFile(path)
	if err != nil {
		return nil, err
	}
	c := defaults()
	d := &decoder{file: path, env: env, at: map[string]origin{}}
	d.document(raw, c)
	c.src = source{file: path, at: d.at}
	problems := d.problems
	if slices.ContainsFunc(problems, func(p Problem) bool { return p.Key == "" }) {
		return nil, problems.err() // it is not YAML: nothing further can be known
	}
	problems = problems.add(c.override(env, overrides))
	c.complete()
	if err := problems.add(c.problems()).err(); err != nil {
		return nil, err
	}
	return c, nil
}

// Sandbox is the configuration of a sandbox in dataDir ("" for leadmux-data in the working directory). It has no API keys, and
// no accounts until the caller adds those of the emulators (see DefaultAccount and NewSecret).
func Sandbox(dataDir string) *Config {
	c := defaults()
	c.Sandbox = true
	c.WebhooksOut.AllowLoopback = true
	c.LogFormat = "text" // for a person at a terminal
	c.DataDir = sandboxDataDir
	if dataDir != "" {
		c.DataDir = dataDir
	}
	return c
}

// Override lets LEADMUX_… variables win over c and overrides over both, and checks the whole. The error is Problems.
func (c *Config) Override(env func(string) (string, bool), overrides ...Override) error {
	problems := c.override(env, overrides)
	c.complete()
	return problems.add(c.problems()).err()
}

// Validate checks the whole configuration. The error is Problems.
func (c *Config) Validate() error { return c.problems().err() }

func (c *Config) override(env func(string) (string, bool), overrides []Override) Problems {
	var all []Override
	for _, key := range Settings() {
		name := EnvName(key)
		if value, ok := env(name); ok && value != "" {
			all = append(all, Override{Key: key, Value: value, Source: name})
		}
	}
	var problems Problems
	for _, o := range append(all, overrides...) {
		c.src.set(o.Key, origin{source: o.Source})
		if err := c.set(o.Key, o.Value); err != nil {
			problems = append(problems, Problem{Source: o.Source, Key: o.Key, Text: err.Error()})
		}
	}
	return problems
}

// set sets one of Settings from its text.
func (c *Config) set(key, text string) error {
	switch key {
	case "log_level":
		if err := c.LogLevel.UnmarshalText([]byte(text)); err != nil {
			return fmt.Errorf("must be debug, info, warn or error, not %q", text)
		}
		return nil
	case "log_format":
		c.LogFormat = text
		return nil
	}
	v := reflect.ValueOf(c).Elem()
	for name := range strings.SplitSeq(key, ".") {
		if v.Kind() == reflect.Pointer {
			if v.IsNil() {
				v.Set(reflect.New(v.Type().Elem()))
			}
			v = v.Elem()
		}
		fields := fieldsOf(v.Type())
		i := slices.IndexFunc(fields, func(f field) bool { return f.key == name })
		if i < 0 {
			return fmt.Errorf("there is no such setting; there are: %s", strings.Join(Settings(), ", "))
		}
		v = v.Field(fields[i].index)
	}
	return setText(v, text)
}

// set keeps where key was given.
func (s *source) set(key string, o origin) {
	if s.at == nil {
		s.at = map[string]origin{}
	}
	s.at[key] = o
}

func readFile(path string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("cannot read the configuration %s: %w", path, bare(err))
	}
	defer func() { _ = f.Close() }() // only read
	raw, err := io.ReadAll(io.LimitReader(f, maxFile+1))
	if err != nil {
		return nil, fmt.Errorf("cannot read the configuration %s: %w", path, bare(err))
	}
	if len(raw) > maxFile {
		return nil, fmt.Errorf("the configuration %s is larger than %d bytes", path, maxFile)
	}
	return raw, nil
}
