package pipertd

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"os"

	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/credentials/insecure"
)

// TLS says who calls over TCP, and whom they trust: the PEM files of mutual TLS.
type TLS struct {
	CA          string // that signed the daemon's certificate
	Certificate string // the caller's, of which the name has a role
	Key         string // of that certificate
}

func (t *TLS) credentials() (credentials.TransportCredentials, error) {
	if t == nil {
		return insecure.NewCredentials(), nil
	}
	if t.CA == "" || t.Certificate == "" || t.Key == "" {
		return nil, &ArgumentError{"cannot tell who calls: TLS takes a CA, a certificate and its key"}
	}
	certificate, err := tls.LoadX509KeyPair(t.Certificate, t.Key)
	if err != nil {
		return nil, fmt.Errorf("cannot use certificate %s with key %s: %w", t.Certificate, t.Key, err)
	}
	pem, err := os.ReadFile(t.CA)
	if err != nil {
		return nil, fmt.Errorf("cannot read CA: %w", err)
	}
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM(pem) {
		return nil, fmt.Errorf("cannot use CA %s: there is no certificate in it", t.CA)
	}
	return credentials.NewTLS(&tls.Config{
		Certificates: []tls.Certificate{certificate},
		RootCAs:      roots,
		MinVersion:   tls.VersionTLS12,
	}), nil
}
