package main

import (
	"fmt"
	"os"

	grpcstatus "google.golang.org/grpc/status"

	"github.com/pipertd/pipertd/clients/go/internal/terminal"
)

// sayWaiting tells that the daemon is away, and why it is thought so.
func sayWaiting(lost error) {
	fmt.Fprintf(os.Stderr, "%s: waiting for the daemon: %s\n", name, terminal.InALine(grpcstatus.Convert(lost).Message()))
}
