package main

import (
	"context"
	"fmt"
	"strings"

	"google.golang.org/grpc"

	pb "github.com/pipertd/pipertd/clients/go/pipertdpb"
)

func checkDefinitions(ctx context.Context, conn *grpc.ClientConn) (string, error) {
	file := &pb.DefinitionFile{Name: "yard.yaml", Text: "pipeline: yard\nflows: {}\n"}
	request := &pb.CheckDefinitionsRequest{Files: []*pb.DefinitionFile{file}}
	response, err := pb.NewPipelineServiceClient(conn).CheckDefinitions(ctx, request)
	if err != nil {
		return "", err
	}
	var problems []string
	for _, each := range response.GetProblems() {
		text := fmt.Sprintf("%s:%d:%d: %s", each.GetFile(), each.GetLine(), each.GetColumn(), each.GetText())
		problems = append(problems, text)
	}
	return strings.Join(problems, "; "), nil
}

func planReload(ctx context.Context, conn *grpc.ClientConn) (string, error) {
	response, err := pb.NewPipelineServiceClient(conn).PlanReload(ctx, &pb.PlanReloadRequest{})
	if err != nil {
		return "", err
	}
	return pipelineActions(response.GetPlans()), nil
}

func reload(ctx context.Context, conn *grpc.ClientConn) (string, error) {
	response, err := pb.NewPipelineServiceClient(conn).Reload(ctx, &pb.ReloadRequest{})
	if err != nil {
		return "", err
	}
	if problems := response.GetProblems(); len(problems) > 0 {
		return fmt.Sprintf("nothing was changed, for %d problems", len(problems)), nil
	}
	return pipelineActions(response.GetPlans()), nil
}

func link(ctx context.Context, conn *grpc.ClientConn) (string, error) {
	request := &pb.LinkRequest{
		Pipeline: "street", Source: "motion", Destination: "frames", Policy: "drop_oldest", Depth: 1,
	}
	response, err := pb.NewPipelineServiceClient(conn).Link(ctx, request)
	if err != nil {
		return "", err
	}
	return flowActions(response.GetPlan()), nil
}

func unlink(ctx context.Context, conn *grpc.ClientConn) (string, error) {
	request := &pb.UnlinkRequest{Pipeline: "street", Source: "motion", Destination: "frames"}
	response, err := pb.NewPipelineServiceClient(conn).Unlink(ctx, request)
	if err != nil {
		return "", err
	}
	return flowActions(response.GetPlan()), nil
}

func pipelineActions(plans []*pb.Plan) string {
	var actions []string
	for _, plan := range plans {
		actions = append(actions, plan.GetPipeline()+": "+actionName(plan.GetAction()))
	}
	return strings.Join(actions, ", ")
}

func flowActions(plan *pb.Plan) string {
	var actions []string
	for _, flow := range plan.GetFlows() {
		actions = append(actions, flow.GetFlow()+": "+actionName(flow.GetAction()))
	}
	return strings.Join(actions, ", ")
}

func actionName(action pb.PlanAction) string {
	return strings.ToLower(strings.TrimPrefix(action.String(), "PLAN_ACTION_"))
}
