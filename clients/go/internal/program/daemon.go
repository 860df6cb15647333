// Package program has what the programs of this module do alike: they are told where the daemon is, and say in one line
// what went wrong.
package program

import (
	"cmp"
	"errors"
	"flag"
	"os"

	"google.golang.org/grpc"

	"github.com/pipertd/pipertd/clients/go/pipertd"
)

// Daemon is what a command line, or else the environment, tells of the daemon: where it is, and who calls.
type Daemon struct {
	address string
	tls     pipertd.TLS
}

// Flags has flags fill in d.
func (d *Daemon) Flags(flags *flag.FlagSet) {
	address := cmp.Or(os.Getenv("PIPERTD_ADDRESS"), pipertd.DefaultAddress)
	flags.StringVar(&d.address, "address", address, "/PATH, unix:///PATH or HOST:PORT")
	flags.StringVar(&d.tls.CA, "ca", os.Getenv("PIPERTD_CA"), "over TCP, the CA's certificate, a PEM file")
	flags.StringVar(&d.tls.Certificate, "cert", os.Getenv("PIPERTD_CERT"), "over TCP, your certificate")
	flags.StringVar(&d.tls.Key, "key", os.Getenv("PIPERTD_KEY"), "over TCP, its key")
}

// Connect returns a connection to the daemon.
func (d *Daemon) Connect() (*grpc.ClientConn, error) {
	tls := &d.tls
	if *tls == (pipertd.TLS{}) {
		tls = nil
	}
	conn, err := pipertd.Connect(d.address, tls)
	if _, misused := errors.AsType[*pipertd.ArgumentError](err); misused {
		return nil, Misuse(err.Error())
	}
	return conn, err
}
