// Command calls makes every call of the API once. It is made for the pipelines that tests/clients run: the street of the
// demo, with a flow archive beside it, and poison, which has put messages into quarantine.
//
// Each call is a function of its own, named after the rpc, which returns in one line what came of it; docs/api.md shows
// them.
package main

import (
	"context"
	"os"
	"time"

	"google.golang.org/grpc"

	"github.com/pipertd/pipertd/clients/go/internal/program"
	"github.com/pipertd/pipertd/clients/go/internal/terminal"
)

const (
	name    = "calls"
	usage   = "usage: calls [--address ADDRESS] [--ca FILE --cert FILE --key FILE]"
	timeout = time.Minute // of each call
)

var calls = []struct {
	rpc  string
	call func(context.Context, *grpc.ClientConn) (string, error)
}{
	{"GetStatus", getStatus},
	{"GetDaemon", getDaemon},
	{"WatchNotices", watchNotices},
	{"TapLink", tapLink},
	{"NotifyEvent", notifyEvent},
	{"ListHandlers", listHandlers},
	{"ReadLogs", readLogs},
	{"ListMessages", listMessages},
	{"GetMessage", getMessage},
	{"ReadPayload", readPayload},
	{"DropMessage", dropMessage},
	{"ListPipelines", listPipelines},
	{"GetPipeline", getPipeline},
	{"CheckDefinitions", checkDefinitions},
	{"PlanReload", planReload},
	{"Reload", reload},
	{"PausePipeline", pausePipeline},
	{"ResumePipeline", resumePipeline},
	{"KillPipeline", killPipeline},
	{"StopPipeline", stopPipeline},
	{"StartPipeline", startPipeline},
	{"RestartPipeline", restartPipeline},
	{"Link", link},
	{"Unlink", unlink},
}

func main() {
	program.End(name, usage, run(os.Args[1:]))
}

func run(arguments []string) error {
	var daemon program.Daemon
	flags := program.Flags()
	daemon.Flags(flags)
	rest, err := program.Parse(flags, arguments)
	if err != nil {
		return err
	}
	if len(rest) > 0 {
		return program.Misuse("cannot do anything with " + rest[0] + ": there are no arguments")
	}
	conn, err := daemon.Connect()
	if err != nil {
		return err
	}
	defer conn.Close()
	for _, each := range calls {
		ctx, cancel := context.WithTimeout(context.Background(), timeout)
		text, err := each.call(ctx, conn)
		cancel() // it ends a stream, too, of which nothing more is read
		if err != nil {
			return err
		}
		program.Print(name, each.rpc+": "+terminal.InALine(text))
	}
	return nil
}
