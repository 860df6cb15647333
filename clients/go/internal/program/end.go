package program

import (
	"errors"
	"flag"
	"fmt"
	"os"

	"google.golang.org/grpc/status"

	"github.com/pipertd/pipertd/clients/go/internal/terminal"
	"github.com/pipertd/pipertd/clients/go/pipertd"
)

const (
	failed  = 1
	misused = 2
)

// ErrSaid ends a program as one that failed, and has said how.
var ErrSaid = errors.New("it is said above")

// Misuse is what is wrong with a command line.
type Misuse string

func (m Misuse) Error() string {
	return string(m)
}

// End ends the process of the program name, with what became of it.
func End(name, usage string, err error) {
	misuse, isMisuse := errors.AsType[Misuse](err)
	switch {
	case err == nil:
		os.Exit(0)
	case errors.Is(err, flag.ErrHelp):
		fmt.Println(usage)
		os.Exit(0)
	case isMisuse:
		say(name, misuse)
		fmt.Fprintln(os.Stderr, usage)
		os.Exit(misused)
	case !errors.Is(err, ErrSaid):
		say(name, err)
	}
	os.Exit(failed)
}

// say puts an error into one line on stderr, with its reason where it is that of a call.
func say(name string, err error) {
	text := err.Error()
	if told, isCall := status.FromError(err); isCall {
		text = pipertd.Reason(err) + ": " + told.Message()
	}
	fmt.Fprintf(os.Stderr, "%s: %s\n", name, terminal.InALine(text))
}
