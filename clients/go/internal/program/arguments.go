package program

import (
	"flag"
	"io"
)

// Flags returns a set that prints nothing itself.
func Flags() *flag.FlagSet {
	flags := flag.NewFlagSet("", flag.ContinueOnError)
	flags.SetOutput(io.Discard)
	flags.Usage = func() {}
	return flags
}

// Parse reads the flags that stand before the first other argument, and returns what is left.
func Parse(flags *flag.FlagSet, arguments []string) ([]string, error) {
	err := flags.Parse(arguments)
	if err != nil && err != flag.ErrHelp {
		err = Misuse(err.Error())
	}
	return flags.Args(), err
}
