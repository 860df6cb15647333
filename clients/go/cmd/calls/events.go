package main

import (
	"context"
	"fmt"
	"strings"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/structpb"

	pb "github.com/pipertd/pipertd/clients/go/pipertdpb"
)

func notifyEvent(ctx context.Context, conn *grpc.ClientConn) (string, error) {
	response, err := pb.NewEventServiceClient(conn).NotifyEvent(ctx, &pb.NotifyEventRequest{
		Event:   "SET_MIN_AREA",
		Target:  &pb.Target{Pipeline: "street"},
		Params:  &structpb.Struct{Fields: map[string]*structpb.Value{"pixels": structpb.NewNumberValue(800)}},
		Timeout: durationpb.New(30 * time.Second),
	})
	if err != nil {
		return "", err
	}
	var told []string
	for _, answer := range response.GetAnswers() {
		outcome := "set"
		if answer.GetError() != "" {
			outcome = answer.GetError()
		}
		told = append(told, fmt.Sprintf("%s/%s: %s", answer.GetFlow(), answer.GetRoutine(), outcome))
	}
	return strings.Join(told, ", "), nil
}

func listHandlers(ctx context.Context, conn *grpc.ClientConn) (string, error) {
	request := &pb.ListHandlersRequest{Target: &pb.Target{Pipeline: "street", Flow: "analyse"}}
	response, err := pb.NewEventServiceClient(conn).ListHandlers(ctx, request)
	if err != nil {
		return "", err
	}
	var handlers []string
	for _, each := range response.GetHandlers() {
		var names []string
		for _, parameter := range each.GetParameters() {
			names = append(names, parameter.GetName())
		}
		handlers = append(handlers, fmt.Sprintf("%s(%s)", each.GetEvent(), strings.Join(names, ", ")))
	}
	return strings.Join(handlers, ", "), nil
}
