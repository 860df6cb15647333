// Package terminal makes text of others fit for a terminal: what would steer it is shown instead of obeyed.
package terminal

import (
	"fmt"
	"strings"
	"unicode"
)

// Harmless shows control characters and marks of direction as escapes; line breaks and tabs stay.
func Harmless(text string) string {
	var shown strings.Builder
	for _, character := range text {
		switch {
		case character == '\n' || character == '\t' || !steers(character):
			shown.WriteRune(character)
		case character < 0x100:
			fmt.Fprintf(&shown, `\x%02x`, character)
		default:
			fmt.Fprintf(&shown, `\u%04x`, character)
		}
	}
	return shown.String()
}

// SetOff is harmless text of which the first line alone begins at the edge, so that no other is taken for one of ours.
func SetOff(text string) string {
	lines := strings.Split(Harmless(text), "\n")
	last := len(lines) - 1
	for i := 1; i <= last; i++ {
		if lines[i] != "" || i == last {
			lines[i] = "  " + lines[i]
		}
	}
	return strings.Join(lines, "\n")
}

// InALine is harmless text in which line breaks and tabs are shown too.
func InALine(text string) string {
	return strings.NewReplacer("\n", `\n`, "\t", `\t`).Replace(Harmless(text))
}

func steers(character rune) bool {
	isLineBreak := character == '\u2028' || character == '\u2029'
	return unicode.IsControl(character) || isLineBreak || unicode.Is(unicode.Bidi_Control, character)
}
