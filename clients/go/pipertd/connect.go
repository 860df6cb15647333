// Package pipertd connects to a pipertd daemon, tells why it refused a call, and follows streams over its restarts. The
// calls themselves are in package pipertdpb, which is generated from the protos.
package pipertd

import (
	"fmt"
	"net"
	"net/url"
	"strconv"
	"strings"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/backoff"
	"google.golang.org/grpc/keepalive"
)

// DefaultAddress is that of the daemon of this machine.
const DefaultAddress = "unix:///run/pipertd/control.sock"

const (
	mostAnswerBytes = 64 << 20
	connectTimeout  = 10 * time.Second
	firstPause      = 50 * time.Millisecond
	longestPause    = 2 * time.Second
)

// Connect returns a connection to the daemon at address, which is written /PATH, unix:///PATH or HOST:PORT.
//
// It dials with the first call, and again when the connection was lost. Over TCP, tls says who calls; it may be nil where
// something else carries the calls to the daemon, such as a tunnel. A socket needs none, and ignores it.
func Connect(address string, tls *TLS) (*grpc.ClientConn, error) {
	path, isSocket := socketPath(address)
	if isSocket {
		tls = nil
	} else if !isHostPort(address) {
		text := fmt.Sprintf("cannot read address %q: it is written /PATH, unix:///PATH or HOST:PORT", address)
		return nil, &ArgumentError{text}
	}
	transport, err := tls.credentials()
	if err != nil {
		return nil, err
	}
	target := "passthrough:///" + address // gRPC's own resolver waits up to two minutes after a name was not found
	if isSocket {
		target = (&url.URL{Scheme: "unix", Path: path}).String()
	}
	return grpc.NewClient(target,
		grpc.WithTransportCredentials(transport),
		grpc.WithPerRPCCredentials(claim{}),
		grpc.WithDefaultCallOptions(grpc.MaxCallRecvMsgSize(mostAnswerBytes)),
		// While a call is open, a daemon that hangs or a line that is dead is noticed after 20 s.
		grpc.WithKeepaliveParams(keepalive.ClientParameters{Time: 10 * time.Second, Timeout: 10 * time.Second}),
		grpc.WithConnectParams(grpc.ConnectParams{
			Backoff:           backoff.Config{BaseDelay: firstPause, Multiplier: 2, Jitter: 0.2, MaxDelay: longestPause},
			MinConnectTimeout: connectTimeout,
		}),
	)
}

// ArgumentError tells of an argument that Connect cannot do anything with.
type ArgumentError struct {
	text string
}

func (e *ArgumentError) Error() string {
	return e.text
}

func socketPath(address string) (path string, isSocket bool) {
	path = strings.TrimPrefix(address, "unix://")
	return path, strings.HasPrefix(path, "/")
}

func isHostPort(address string) bool {
	host, port, err := net.SplitHostPort(address)
	_, notANumber := strconv.ParseUint(port, 10, 16)
	return err == nil && host != "" && notANumber == nil
}
