package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"google.golang.org/grpc"

	pb "github.com/pipertd/pipertd/clients/go/pipertdpb"
)

func readLogs(ctx context.Context, conn *grpc.ClientConn) (string, error) {
	request := &pb.ReadLogsRequest{Target: &pb.Target{Pipeline: "poison", Flow: "b"}, Level: 30, Limit: 1}
	records, err := pb.NewLogServiceClient(conn).ReadLogs(ctx, request)
	if err != nil {
		return "", err
	}
	var lines []string
	for {
		response, err := records.Recv()
		if errors.Is(err, io.EOF) {
			return strings.Join(lines, "; "), nil
		}
		if err != nil {
			return "", err
		}
		record := response.GetRecord()
		lines = append(lines, fmt.Sprintf("%s/%s: %s", record.GetFlow(), record.GetRoutine(), record.GetMessage()))
	}
}
