package main

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"
	"unicode/utf16"

	"google.golang.org/protobuf/types/known/structpb"
)

// inJSON writes a value as pipertctl does, which is Python's way: blanks behind commas and colons, sorted keys, ASCII only,
// and whole numbers without a fraction. encoding/json has no such way, and protojson none that is stable.
func inJSON(value *structpb.Value) string {
	switch kind := value.GetKind().(type) {
	case *structpb.Value_BoolValue:
		return strconv.FormatBool(kind.BoolValue)
	case *structpb.Value_NumberValue:
		return numberInJSON(kind.NumberValue)
	case *structpb.Value_StringValue:
		return stringInJSON(kind.StringValue)
	case *structpb.Value_ListValue:
		return "[" + strings.Join(listInJSON(kind.ListValue), ", ") + "]"
	case *structpb.Value_StructValue:
		return "{" + strings.Join(structInJSON(kind.StructValue), ", ") + "}"
	default:
		return "null"
	}
}

func listInJSON(list *structpb.ListValue) []string {
	var items []string
	for _, value := range list.GetValues() {
		items = append(items, inJSON(value))
	}
	return items
}

func structInJSON(object *structpb.Struct) []string {
	var items []string
	for _, key := range slices.Sorted(maps.Keys(object.GetFields())) {
		items = append(items, stringInJSON(key)+": "+inJSON(object.GetFields()[key]))
	}
	return items
}

func numberInJSON(number float64) string {
	switch {
	case number == 0:
		return "0" // -0 too
	case number == math.Trunc(number):
		return strconv.FormatFloat(number, 'f', 0, 64)
	case math.Abs(number) < 1e-4:
		return strconv.FormatFloat(number, 'e', -1, 64)
	default:
		return strconv.FormatFloat(number, 'f', -1, 64)
	}
}

var escapes = strings.NewReplacer(
	`"`, `\"`, `\`, `\\`, "\n", `\n`, "\r", `\r`, "\t", `\t`, "\b", `\b`, "\f", `\f`,
)

func stringInJSON(text string) string {
	var ascii strings.Builder
	for _, character := range escapes.Replace(text) {
		if ' ' <= character && character <= '~' {
			ascii.WriteRune(character)
			continue
		}
		for _, unit := range utf16.Encode([]rune{character}) {
			fmt.Fprintf(&ascii, `\u%04x`, unit)
		}
	}
	return `"` + ascii.String() + `"`
}
