package main

import (
	"context"
	"fmt"
	"strings"

	"google.golang.org/grpc"

	pb "github.com/pipertd/pipertd/clients/go/pipertdpb"
)

func listPipelines(ctx context.Context, conn *grpc.ClientConn) (string, error) {
	response, err := pb.NewPipelineServiceClient(conn).ListPipelines(ctx, &pb.ListPipelinesRequest{})
	if err != nil {
		return "", err
	}
	var names []string
	for _, pipeline := range response.GetPipelines() {
		names = append(names, pipeline.GetName())
	}
	return strings.Join(names, ", "), nil
}

func getPipeline(ctx context.Context, conn *grpc.ClientConn) (string, error) {
	request := &pb.GetPipelineRequest{Name: "street"}
	response, err := pb.NewPipelineServiceClient(conn).GetPipeline(ctx, request)
	if err != nil {
		return "", err
	}
	street := response.GetPipeline()
	var flows []string
	for _, flow := range street.GetFlows() {
		flows = append(flows, flow.GetName())
	}
	return fmt.Sprintf("%s is %s, its flows are %s",
		street.GetName(), stateName(street.GetState()), strings.Join(flows, ", ")), nil
}

func pausePipeline(ctx context.Context, conn *grpc.ClientConn) (string, error) {
	request := &pb.PausePipelineRequest{Target: &pb.Target{Pipeline: "street", Flow: "archive"}}
	response, err := pb.NewPipelineServiceClient(conn).PausePipeline(ctx, request)
	if err != nil {
		return "", err
	}
	return "paused: " + paused(response.GetPipeline()), nil
}

func resumePipeline(ctx context.Context, conn *grpc.ClientConn) (string, error) {
	request := &pb.ResumePipelineRequest{Target: &pb.Target{Pipeline: "street", Flow: "archive"}}
	response, err := pb.NewPipelineServiceClient(conn).ResumePipeline(ctx, request)
	if err != nil {
		return "", err
	}
	return "paused: " + paused(response.GetPipeline()), nil
}

func restartPipeline(ctx context.Context, conn *grpc.ClientConn) (string, error) {
	request := &pb.RestartPipelineRequest{Target: &pb.Target{Pipeline: "street", Flow: "archive"}}
	response, err := pb.NewPipelineServiceClient(conn).RestartPipeline(ctx, request)
	if err != nil {
		return "", err
	}
	target := response.GetTarget()
	return fmt.Sprintf("%s/%s was restarted", target.GetPipeline(), target.GetFlow()), nil
}

func killPipeline(ctx context.Context, conn *grpc.ClientConn) (string, error) {
	request := &pb.KillPipelineRequest{Target: &pb.Target{Pipeline: "street", Flow: "archive"}}
	response, err := pb.NewPipelineServiceClient(conn).KillPipeline(ctx, request)
	if err != nil {
		return "", err
	}
	return "archive " + archive(response.GetPipeline()).GetReason(), nil
}

func stopPipeline(ctx context.Context, conn *grpc.ClientConn) (string, error) {
	request := &pb.StopPipelineRequest{Target: &pb.Target{Pipeline: "street", Flow: "archive"}}
	response, err := pb.NewPipelineServiceClient(conn).StopPipeline(ctx, request)
	if err != nil {
		return "", err
	}
	return "archive is " + stateName(archive(response.GetPipeline()).GetState()), nil
}

func startPipeline(ctx context.Context, conn *grpc.ClientConn) (string, error) {
	request := &pb.StartPipelineRequest{Target: &pb.Target{Pipeline: "street", Flow: "archive"}}
	response, err := pb.NewPipelineServiceClient(conn).StartPipeline(ctx, request)
	if err != nil {
		return "", err
	}
	target := response.GetTarget()
	return fmt.Sprintf("%s/%s is up", target.GetPipeline(), target.GetFlow()), nil
}

// archive is the flow of that name; nil where there is none.
func archive(pipeline *pb.Pipeline) *pb.Flow {
	for _, flow := range pipeline.GetFlows() {
		if flow.GetName() == "archive" {
			return flow
		}
	}
	return nil
}

func paused(pipeline *pb.Pipeline) string {
	var names []string
	for _, flow := range pipeline.GetFlows() {
		if flow.GetPaused() {
			names = append(names, flow.GetName())
		}
	}
	if len(names) == 0 {
		return "none"
	}
	return strings.Join(names, ", ")
}

func stateName(state pb.State) string {
	return strings.TrimPrefix(state.String(), "STATE_")
}
