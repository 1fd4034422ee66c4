package config

import (
	"reflect"
	"slices"
	"strings"
)

// envPrefix is what the names of our variables start with.
const envPrefix = "LEADMUX_"

// EnvConfigFile is the variable that names the configuration file, in place of --config.
const EnvConfigFile = envPrefix + "CONFIG"

// Settings lists the keys that a variable or an Override can set: the single values outside the lists, and log_level and
// log_format, which the file has not.
func Settings() []string {
	keys := []string{"log_level", "log_format"}
	walkKeys(reflect.TypeFor[Config](), "", func(key string, t reflect.Type) {
		single := t != secretType && t.Kind() != reflect.Slice && t.Kind() != reflect.Map
		if single && !strings.Contains(key, "[]") {
			keys = append(keys, key)
		}
	})
	return keys
}

// EnvName is the variable of a setting: LEADMUX_DELIVERY_RETRY_MIN for delivery.retry_min. An empty one counts as not set.
func EnvName(setting string) string {
	return envPrefix + strings.ToUpper(strings.ReplaceAll(setting, ".", "_"))
}

// UnknownEnv names the LEADMUX_… variables of environ (os.Environ) that set nothing and that no secret comes from: misspelt, most
// likely. They are for a warning and refuse no start, because an orchestrator sets variables of its own under such names
// (LEADMUX_PORT_8080_TCP for a service called leadmux).
func (c *Config) UnknownEnv(environ []string) []string {
	known := map[string]bool{EnvConfigFile: true}
	for _, key := range Settings() {
		known[EnvName(key)] = true
	}
	for _, s := range secretsIn(reflect.ValueOf(c).Elem()) {
		known[s.env] = true
	}
	var unknown []string
	for _, entry := range environ {
		name, _, _ := strings.Cut(entry, "=")
		if strings.HasPrefix(name, envPrefix) && !known[name] {
			unknown = append(unknown, name)
		}
	}
	slices.Sort(unknown)
	return unknown
}

// secretsIn lists every secret inside v.
func secretsIn(v reflect.Value) []Secret {
	var all []Secret
	switch {
	case v.Type() == secretType:
		if s, ok := v.Interface().(Secret); ok {
			all = append(all, s)
		}
	case v.Kind() == reflect.Pointer && !v.IsNil():
		all = secretsIn(v.Elem())
	case v.Kind() == reflect.Struct:
		for _, f := range fieldsOf(v.Type()) {
			all = append(all, secretsIn(v.Field(f.index))...)
		}
	case v.Kind() == reflect.Slice:
		for i := range v.Len() {
			all = append(all, secretsIn(v.Index(i))...)
		}
	}
	return all
}

// RestartKeys names the top-level keys in which a and b differ and that take effect only at a start: all but api_keys.
func RestartKeys(a, b *Config) []string {
	var keys []string
	va, vb := reflect.ValueOf(a).Elem(), reflect.ValueOf(b).Elem()
	for _, f := range fieldsOf(va.Type()) {
		if f.key != "api_keys" && !reflect.DeepEqual(va.Field(f.index).Interface(), vb.Field(f.index).Interface()) {
			keys = append(keys, f.key)
		}
	}
	return keys
}
