package pipertd

import (
	"context"
	"os"
	"strconv"
)

// claim is the caller's user id in the metadata of every call, for the daemon's audit: gRPC shows it no user
// of a Unix socket.
type claim struct{}

func (claim) GetRequestMetadata(context.Context, ...string) (map[string]string, error) {
	return map[string]string{"pipertd-uid": strconv.Itoa(os.Getuid())}, nil
}

func (claim) RequireTransportSecurity() bool {
	return false
}
