package main

import (
	"context"
	"fmt"
	"io"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"

	"google.golang.org/grpc"

	"github.com/pipertd/pipertd/clients/go/internal/program"
	pb "github.com/pipertd/pipertd/clients/go/pipertdpb"
)

const callTimeout = time.Minute

func status(ctx context.Context, conn *grpc.ClientConn, arguments []string) error {
	target, err := optionalTarget(program.Flags(), arguments)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	response, err := pb.NewStatusServiceClient(conn).GetStatus(ctx, &pb.GetStatusRequest{Target: target})
	if err != nil {
		return err
	}
	printTable(func(table io.Writer) { writeFlows(table, response.GetPipelines()) })
	program.Print(name, "")
	printTable(func(table io.Writer) { writeLinks(table, response.GetPipelines()) })
	return nil
}

func writeFlows(table io.Writer, pipelines []*pb.Pipeline) {
	fmt.Fprintln(table, "FLOW\tSTATE\tPID\tGENERATION\tRESTARTS")
	for _, pipeline := range pipelines {
		for _, flow := range pipeline.GetFlows() {
			fmt.Fprintf(table, "%s/%s\t%s\t%s\t%d\t%d\n", pipeline.GetName(), flow.GetName(),
				strings.TrimPrefix(flow.GetState().String(), "STATE_"), pid(flow), flow.GetGeneration(), flow.GetRestarts())
		}
	}
}

func writeLinks(table io.Writer, pipelines []*pb.Pipeline) {
	fmt.Fprintln(table, "LINK\tPRODUCED\tDELIVERED\tFAILED\tDROPPED\tQUARANTINED\tIN FLIGHT")
	for _, pipeline := range pipelines {
		for _, link := range pipeline.GetLinks() {
			fmt.Fprintf(table, "%s: %s -> %s\t%d\t%d\t%d\t%d\t%d\t%d\n", pipeline.GetName(), link.GetSource(),
				link.GetDestination(), link.GetProduced(), link.GetDelivered(), link.GetFailed(), dropped(link),
				link.GetQuarantined(), link.GetWaiting()+link.GetInHand())
		}
	}
}

// printTable aligns what write puts out, of which tabs divide the columns.
func printTable(write func(io.Writer)) {
	var text strings.Builder
	table := tabwriter.NewWriter(&text, 0, 0, 2, ' ', 0)
	write(table)
	table.Flush()
	program.Print(name, strings.TrimSuffix(text.String(), "\n"))
}

func pid(flow *pb.Flow) string {
	if flow.GetPid() == 0 {
		return "-"
	}
	return strconv.FormatInt(flow.GetPid(), 10)
}

func dropped(link *pb.Link) (sum int64) {
	for _, count := range link.GetDropped() {
		sum += count
	}
	return sum
}
