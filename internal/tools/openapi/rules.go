package main

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"buf.build/gen/go/bufbuild/protovalidate/protocolbuffers/go/buf/validate"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
)

// durationPattern is the JSON form of google.protobuf.Duration.
const durationPattern = `^-?[0-9]+(\.[0-9]{1,9})?s$`

// constrain writes the rules of a message's fields into the schema that describes it.
func constrain(schema object, message protoreflect.MessageDescriptor) {
	properties, _ := schema["properties"].(object)
	var required []any
	for _, name := range sorted(properties) {
		field := message.Fields().ByJSONName(name)
		if field == nil {
			continue
		}
		rules := rulesOf(field)
		constrainField(properties[name].(object), field, rules)
		if rules.GetRequired() || rules.GetRepeated().GetMinItems() > 0 {
			required = append(required, name)
		}
	}
	old, _ := schema["required"].([]any)
	for _, name := range required {
		if !slices.Contains(old, name) {
			old = append(old, name)
		}
	}
	if len(old) > 0 {
		schema["required"] = old
	}
}

// constrainParameter writes the rules of the field that a path or query parameter names, by proto or JSON name.
func constrainParameter(parameter object, message protoreflect.MessageDescriptor) {
	name, _ := parameter["name"].(string)
	var field protoreflect.FieldDescriptor
	for part := range strings.SplitSeq(name, ".") {
		if message == nil {
			return
		}
		if field = message.Fields().ByTextName(part); field == nil {
			field = message.Fields().ByJSONName(part)
		}
		if field == nil {
			return
		}
		message = field.Message()
	}
	schema, ok := parameter["schema"].(object)
	if !ok {
		return
	}
	rules := rulesOf(field)
	constrainField(schema, field, rules)
	if note, ok := schema["description"].(string); ok {
		parameter["description"] = join(parameter["description"], note)
		delete(schema, "description")
	}
}

// checkKinds refuses a kind of rule that no function below writes, so that no limit is left out in silence.
func checkKinds(message protoreflect.MessageDescriptor) error {
	known := []string{"", "string", "int32", "duration", "repeated", "map", "enum", "bytes"}
	for i := range message.Fields().Len() {
		field := message.Fields().Get(i)
		rules := rulesOf(field).ProtoReflect()
		kind := ""
		if which := rules.WhichOneof(rules.Descriptor().Oneofs().ByName("type")); which != nil {
			kind = string(which.Name())
		}
		if !slices.Contains(known, kind) {
			return fmt.Errorf("%s has %s rules, which rules.go cannot write into a schema yet", field.FullName(), kind)
		}
	}
	return nil
}

func rulesOf(field protoreflect.FieldDescriptor) *validate.FieldRules {
	rules, _ := proto.GetExtension(field.Options(), validate.E_Field).(*validate.FieldRules)
	return rules
}

// constrainField writes one field's rules; a field without rules is left as it is, but for the form of durations.
func constrainField(schema object, field protoreflect.FieldDescriptor, rules *validate.FieldRules) {
	if m := field.Message(); m != nil && m.FullName() == "google.protobuf.Duration" {
		schema["pattern"] = durationPattern
	}
	optional := rules.GetIgnore() == validate.Ignore_IGNORE_IF_ZERO_VALUE
	switch {
	case rules.GetRepeated() != nil:
		constrainList(schema, rules.GetRepeated())
	case rules.GetMap() != nil:
		constrainMap(schema, rules.GetMap())
	default:
		constrainScalar(schema, rules, optional)
	}
}

func constrainList(schema object, rules *validate.RepeatedRules) {
	set(schema, "minItems", rules.HasMinItems(), rules.GetMinItems())
	set(schema, "maxItems", rules.HasMaxItems(), rules.GetMaxItems())
	set(schema, "uniqueItems", rules.GetUnique(), true)
	if items, ok := schema["items"].(object); ok {
		constrainScalar(items, rules.GetItems(), false)
	}
}

func constrainMap(schema object, rules *validate.MapRules) {
	set(schema, "minProperties", rules.HasMinPairs(), rules.GetMinPairs())
	set(schema, "maxProperties", rules.HasMaxPairs(), rules.GetMaxPairs())
	if rules.GetKeys() != nil {
		names := object{}
		constrainScalar(names, rules.GetKeys(), false)
		schema["propertyNames"] = names
	}
	if values, ok := schema["additionalProperties"].(object); ok {
		constrainScalar(values, rules.GetValues(), false)
	}
}

func constrainScalar(schema object, rules *validate.FieldRules, optional bool) {
	switch {
	case rules.GetString() != nil:
		constrainString(schema, rules.GetString(), optional)
	case rules.GetInt32() != nil:
		constrainInt(schema, rules.GetInt32())
	case rules.GetDuration() != nil:
		constrainDuration(schema, rules.GetDuration())
	}
}

// constrainString: a limit in bytes of UTF-8 has no JSON Schema word, so the nearest limit in characters that refuses
// nothing valid stands beside a sentence that says the exact one.
func constrainString(schema object, rules *validate.StringRules, optional bool) {
	set(schema, "minLength", rules.HasMinLen(), rules.GetMinLen())
	set(schema, "maxLength", rules.HasMaxLen(), rules.GetMaxLen())
	set(schema, "minLength", rules.HasMinBytes(), (rules.GetMinBytes()+3)/4)
	if rules.HasMaxBytes() {
		schema["maxLength"] = rules.GetMaxBytes()
		schema["description"] = join(schema["description"], fmt.Sprintf("Counted in bytes of UTF-8: at most %d.", rules.GetMaxBytes()))
	}
	if rules.HasPattern() {
		pattern := rules.GetPattern()
		if optional {
			pattern = "^$|" + pattern
		}
		schema["pattern"] = pattern
	}
	if in := rules.GetIn(); len(in) > 0 {
		schema["enum"] = in
	}
}

func constrainInt(schema object, rules *validate.Int32Rules) {
	set(schema, "minimum", rules.HasGte(), rules.GetGte())
	set(schema, "maximum", rules.HasLte(), rules.GetLte())
	set(schema, "exclusiveMinimum", rules.HasGt(), rules.GetGt())
	set(schema, "exclusiveMaximum", rules.HasLt(), rules.GetLt())
}

func constrainDuration(schema object, rules *validate.DurationRules) {
	if rules.HasGte() && rules.HasLte() {
		schema["description"] = join(schema["description"],
			fmt.Sprintf("From %s to %s.", seconds(rules.GetGte().AsDuration()), seconds(rules.GetLte().AsDuration())))
	}
}

func seconds(d time.Duration) string { return fmt.Sprintf("%gs", d.Seconds()) }

func set(schema object, key string, present bool, value any) {
	if present {
		schema[key] = value
	}
}

func join(text any, sentence string) string {
	before, _ := text.(string)
	return strings.TrimSpace(before + " " + sentence)
}

func sorted(properties object) []string {
	names := make([]string, 0, len(properties))
	for name := range properties {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}
