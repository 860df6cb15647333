package pipertd

import (
	"context"
	"errors"
	"io"
	"math/rand/v2"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// Ask is a call of a stub that is answered by a stream, such as WatchNotices and ReadLogs.
type Ask[Request, Response any] func(
	context.Context, *Request, ...grpc.CallOption,
) (grpc.ServerStreamingClient[Response], error)

// Follow hands everything of a stream to read, until ctx is done; then it returns nil. When the daemon goes, it tells lost
// once, and asks again with request, in which read keeps how far it has come. Only the first connection must succeed.
func Follow[Request, Response any](
	ctx context.Context, ask Ask[Request, Response], request *Request, read func(*Response), lost func(error),
) error {
	connected, waiting, pause := false, false, firstPause
	for {
		err := ReadAll(ctx, ask, request, func(response *Response) {
			connected, waiting, pause = true, false, firstPause
			read(response)
		}, grpc.WaitForReady(connected)) // while nobody is there, the connection itself tries to come about
		switch {
		case ctx.Err() != nil:
			return nil
		case !connected || !passes(err):
			return err
		case !waiting:
			waiting = true
			lost(err)
		}
		sleep(ctx, jittered(pause))
		pause = min(2*pause, longestPause)
	}
}

// ReadAll hands everything of a stream to read, until its end.
func ReadAll[Request, Response any](
	ctx context.Context, ask Ask[Request, Response], request *Request, read func(*Response), options ...grpc.CallOption,
) error {
	responses, err := ask(ctx, request, options...)
	if err != nil {
		return err
	}
	for {
		response, err := responses.Recv()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		read(response)
	}
}

// passes tells whether a stream that ended with err may be had again: a daemon that came back may not know yet what was
// lost, and have no room.
func passes(err error) bool {
	code := status.Code(err)
	return code == codes.Unavailable || code == codes.ResourceExhausted
}

// jittered shortens a pause at random, lest all come at once.
func jittered(pause time.Duration) time.Duration {
	return pause/2 + rand.N(pause/2)
}

func sleep(ctx context.Context, pause time.Duration) {
	select {
	case <-ctx.Done():
	case <-time.After(pause):
	}
}
