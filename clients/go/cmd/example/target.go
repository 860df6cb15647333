package main

import (
	"flag"
	"fmt"
	"slices"
	"strings"

	"github.com/pipertd/pipertd/clients/go/internal/program"
	pb "github.com/pipertd/pipertd/clients/go/pipertdpb"
)

// optionalTarget reads the arguments of a command that takes at most a target, with flags on both sides of it. It is nil
// where there is none, which means everything.
func optionalTarget(flags *flag.FlagSet, arguments []string) (*pb.Target, error) {
	words, err := program.Parse(flags, arguments)
	if err != nil || len(words) == 0 {
		return nil, err
	}
	rest, err := program.Parse(flags, words[1:])
	if err != nil {
		return nil, err
	}
	if len(rest) > 0 {
		return nil, program.Misuse(fmt.Sprintf("cannot do anything with %q: there is a target already", rest[0]))
	}
	return target(words[0])
}

// target reads PIPELINE[/FLOW[/ROUTINE]].
func target(text string) (*pb.Target, error) {
	names := strings.Split(text, "/")
	if len(names) > 3 || slices.Contains(names, "") {
		return nil, program.Misuse(fmt.Sprintf("cannot read target %q: it is written PIPELINE[/FLOW[/ROUTINE]]", text))
	}
	names = append(names, "", "")
	return &pb.Target{Pipeline: names[0], Flow: names[1], Routine: names[2]}, nil
}
