// Package pipertdpb has the messages and calls of the daemon's API. All but this file is generated from the protos.
package pipertdpb

//go:generate npx --yes @bufbuild/buf@1.75.0 generate
