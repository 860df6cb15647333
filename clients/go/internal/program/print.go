package program

import (
	"fmt"
	"os"
)

// Print puts a line on stdout. Where it cannot, as on a full disk, it ends the program name: whatever came later would
// stand behind a gap.
func Print(name, line string) {
	if _, err := fmt.Println(line); err != nil {
		say(name, fmt.Errorf("cannot write the output: %w", err))
		os.Exit(failed)
	}
}
