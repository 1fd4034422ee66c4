package config

import (
	"errors"
	"reflect"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/goccy/go-yaml/ast"
)

// maxText bounds a text, in bytes; nothing here needs as much.
const maxText = 4096

// Why a text does not fit its key.
var (
	errDuration = errors.New("must be a duration such as 30s, 15m or 2160h (there is no unit for days)")
	errNumber   = errors.New("must be a number")
	errWhole    = errors.New("must be a whole number")
	errBool     = errors.New("must be true or false")
	errText     = errors.New("must be text")
	errControl  = errors.New("must be one line of text without control characters")
	errLong     = errors.New("is longer than 4096 bytes")
)

// scalar reads text, a number, a duration or true and false.
func (d *decoder) scalar(key string, node ast.Node, v reflect.Value) {
	if err := fits(node, v); err != nil {
		d.bad(key, line(node), "%s", err)
		return
	}
	if err := setText(v, textOf(node)); err != nil {
		d.bad(key, line(node), "%s", err)
	}
}

// textOf is a scalar as it was written, without quotes.
func textOf(node ast.Node) string {
	if block, ok := node.(*ast.LiteralNode); ok {
		return block.Value.Value
	}
	return node.GetToken().Value
}

// fits says whether node is of the kind that v needs. A number may stand for text: vendors' IDs look like numbers.
func fits(node ast.Node, v reflect.Value) error {
	kind := node.Type()
	text := kind == ast.StringType || kind == ast.LiteralType
	number := kind == ast.IntegerType || kind == ast.FloatType
	switch {
	case v.Type() == durationType:
		return refuse(!text, errDuration)
	case v.Kind() == reflect.Bool:
		return refuse(kind != ast.BoolType, errBool)
	case v.Kind() == reflect.Float64:
		return refuse(!number, errNumber)
	case v.Kind() == reflect.Int:
		return refuse(!number, errWhole)
	}
	return refuse(!text && !number, errText)
}

func refuse(wrong bool, err error) error {
	if wrong {
		return err
	}
	return nil
}

// setText sets a scalar from its text, as it stands in a file, a variable or a flag.
func setText(v reflect.Value, text string) error {
	switch {
	case v.Type() == durationType:
		n, err := time.ParseDuration(text)
		if err != nil {
			return errDuration
		}
		v.SetInt(int64(n))
	case v.Kind() == reflect.Bool:
		if text != "true" && text != "false" {
			return errBool
		}
		v.SetBool(text == "true")
	case v.Kind() == reflect.Float64:
		n, err := strconv.ParseFloat(text, 64)
		if err != nil {
			return errNumber
		}
		v.SetFloat(n)
	case v.Kind() == reflect.Int:
		n, err := strconv.Atoi(text)
		if err != nil {
			return errWhole
		}
		v.SetInt(int64(n))
	default:
		if err := checkText(text); err != nil {
			return err
		}
		v.SetString(text)
	}
	return nil
}

func checkText(text string) error {
	if len(text) > maxText {
		return errLong
	}
	if !utf8.ValidString(text) || strings.ContainsFunc(text, unicode.IsControl) {
		return errControl
	}
	return nil
}

// secret reads {env: NAME} or {file: PATH}. The file of the service's own secret must be its owner's alone.
func (d *decoder) secret(key string, node ast.Node, v reflect.Value) {
	v.Set(reflect.ValueOf(Secret{source: "secret"})) // it is given, whatever is wrong with it
	if _, ok := node.(ast.MapNode); !ok {
		d.bad(key, line(node), "must be {env: NAME} or {file: PATH}; a secret is never written in the file itself")
		return
	}
	var ways struct {
		Env  string `yaml:"env"`
		File string `yaml:"file"`
	}
	before := len(d.problems)
	vendor := d.vendor
	d.vendor = ""
	d.mapping(key, node, reflect.ValueOf(&ways).Elem())
	d.vendor = vendor
	if len(d.problems) > before {
		return
	}
	var secret Secret
	var err error
	switch {
	case (ways.Env == "") == (ways.File == ""):
		d.bad(key, line(node), "must be exactly one of {env: NAME} and {file: PATH}")
		return
	case ways.Env != "":
		secret, err = envSecret(ways.Env, d.env)
	default:
		secret, err = fileSecret(ways.File, key == "secret_key")
	}
	if err != nil {
		d.bad(key, line(node), "%s", err)
	}
	v.Set(reflect.ValueOf(secret))
}
