// Command example shows what a daemon's flows do, and hands them events: the API in a program that one may begin with.
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"

	"google.golang.org/grpc"

	"github.com/pipertd/pipertd/clients/go/internal/program"
)

const (
	name  = "example"
	usage = `usage: example [--address ADDRESS] [--ca FILE --cert FILE --key FILE] COMMAND
  status [TARGET]
  watch [TARGET] [--from REVISION]
  logs [TARGET] [--follow] [--level LEVEL] [-n N]
  event NAME TARGET [KEY=VALUE]...
ADDRESS is /PATH, unix:///PATH or HOST:PORT, TARGET is PIPELINE[/FLOW[/ROUTINE]].`
)

type command func(ctx context.Context, conn *grpc.ClientConn, arguments []string) error

var commands = map[string]command{"status": status, "watch": watch, "logs": logs, "event": event}

func main() {
	program.End(name, usage, run(os.Args[1:]))
}

func run(arguments []string) error {
	var daemon program.Daemon
	flags := program.Flags()
	daemon.Flags(flags)
	words, err := program.Parse(flags, arguments)
	if err != nil {
		return err
	}
	if len(words) == 0 {
		return program.Misuse("cannot do anything: a command is missing")
	}
	do, found := commands[words[0]]
	if !found {
		return program.Misuse("cannot do " + words[0] + ": there is no such command")
	}
	conn, err := daemon.Connect()
	if err != nil {
		return err
	}
	defer conn.Close()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	return do(ctx, conn, words[1:])
}
