package main

import (
	"context"
	"fmt"
	"strings"

	"google.golang.org/grpc"

	pb "github.com/pipertd/pipertd/clients/go/pipertdpb"
)

func getStatus(ctx context.Context, conn *grpc.ClientConn) (string, error) {
	request := &pb.GetStatusRequest{Target: &pb.Target{Pipeline: "street"}}
	response, err := pb.NewStatusServiceClient(conn).GetStatus(ctx, request)
	if err != nil {
		return "", err
	}
	street := response.GetPipelines()[0]
	return fmt.Sprintf("%d flows, %d routines, %d links",
		len(street.GetFlows()), len(street.GetRoutines()), len(street.GetLinks())), nil
}

func getDaemon(ctx context.Context, conn *grpc.ClientConn) (string, error) {
	response, err := pb.NewStatusServiceClient(conn).GetDaemon(ctx, &pb.GetDaemonRequest{})
	if err != nil {
		return "", err
	}
	daemon := response.GetDaemon()
	role := strings.ToLower(strings.TrimPrefix(daemon.GetRole().String(), "ROLE_"))
	return fmt.Sprintf("version %s, your role is %s", daemon.GetVersion(), role), nil
}

func watchNotices(ctx context.Context, conn *grpc.ClientConn) (string, error) {
	request := &pb.WatchNoticesRequest{Target: &pb.Target{Pipeline: "poison"}, AfterRevision: 0}
	notices, err := pb.NewStatusServiceClient(conn).WatchNotices(ctx, request)
	if err != nil {
		return "", err
	}
	for {
		response, err := notices.Recv()
		if err != nil {
			return "", err
		}
		if notice := response.GetNotice(); notice != nil {
			return notice.GetKind() + ": " + notice.GetMessage(), nil
		}
	}
}
