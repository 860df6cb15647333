package main

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"unicode"

	"google.golang.org/grpc"

	"github.com/pipertd/pipertd/clients/go/internal/program"
	"github.com/pipertd/pipertd/clients/go/internal/terminal"
	"github.com/pipertd/pipertd/clients/go/pipertd"
	pb "github.com/pipertd/pipertd/clients/go/pipertdpb"
)

const mostAtFirst = 100

var (
	// lowest is what to ask for, for a level and all above it; 0 has also what is below debug.
	lowest = map[string]int32{"debug": 0, "info": 20, "warning": 30, "error": 40, "critical": 50}
	names  = map[int32]string{0: "NOTSET", 10: "DEBUG", 20: "INFO", 30: "WARNING", 40: "ERROR", 50: "CRITICAL"}
)

func logs(ctx context.Context, conn *grpc.ClientConn, arguments []string) (err error) {
	request := &pb.ReadLogsRequest{Limit: mostAtFirst}
	flags := program.Flags()
	flags.BoolVar(&request.Follow, "follow", false, "")
	flags.Func("level", "", func(text string) (err error) {
		request.Level, err = level(text)
		return err
	})
	flags.Func("n", "", func(text string) (err error) {
		request.Limit, err = number(text)
		return err
	})
	if request.Target, err = optionalTarget(flags, arguments); err != nil {
		return err
	}
	read := func(response *pb.ReadLogsResponse) {
		if record := response.GetRecord(); record != nil {
			request.Cursor = record.GetCursor()
			program.Print(name, recordLine(record))
		} else if progress := response.GetProgress(); progress != nil {
			request.Cursor = progress.GetCursor()
		}
	}
	client := pb.NewLogServiceClient(conn)
	if request.Follow {
		return pipertd.Follow(ctx, client.ReadLogs, request, read, sayWaiting)
	}
	return pipertd.ReadAll(ctx, client.ReadLogs, request, read)
}

func level(text string) (int32, error) {
	level, found := lowest[strings.ToLower(text)]
	if !found {
		return 0, errors.New("it is one of debug, info, warning, error, critical")
	}
	return level, nil
}

func number(text string) (int32, error) {
	number, err := strconv.ParseInt(text, 10, 32)
	if err != nil || number < 0 {
		return 0, errors.New("it is how many records to begin with")
	}
	return int32(number), nil
}

// recordLine is a record in a line, and more lines where its message has more, or where it has a traceback.
func recordLine(record *pb.LogRecord) string {
	text := fmt.Sprintf("%s %-8s %s: %s", clock(record.GetTime()), levelName(record), whose(record), record.GetMessage())
	if record.GetException() != "" {
		text += "\n" + strings.TrimRightFunc(record.GetException(), unicode.IsSpace)
	}
	return terminal.SetOff(text)
}

func levelName(record *pb.LogRecord) string {
	if record.GetSource() != "log" {
		return "-"
	}
	if name, found := names[record.GetLevel()]; found {
		return name
	}
	return fmt.Sprintf("Level %d", record.GetLevel())
}

func whose(record *pb.LogRecord) string {
	who := "pipertd"
	if record.GetPipeline() != "" {
		who = record.GetPipeline()
	}
	for _, part := range []string{record.GetFlow(), record.GetRoutine()} {
		if part != "" {
			who += "/" + part
		}
	}
	return who
}
