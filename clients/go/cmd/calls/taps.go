package main

import (
	"context"
	"fmt"
	"strings"

	"google.golang.org/grpc"

	pb "github.com/pipertd/pipertd/clients/go/pipertdpb"
)

func tapLink(ctx context.Context, conn *grpc.ClientConn) (string, error) {
	tap, err := pb.NewTapServiceClient(conn).TapLink(ctx)
	if err != nil {
		return "", err
	}
	start := &pb.TapStart{
		Pipeline: "street", Source: "decode", Destination: "motion",
		Format: pb.TapFormat_TAP_FORMAT_PNG, PictureWidth: 64, Bgr: true,
	}
	request := &pb.TapLinkRequest{Content: &pb.TapLinkRequest_Start{Start: start}} // it has credit for one message
	var sizes []string
	for range 2 {
		_ = tap.Send(request) // where it fails, Recv tells why
		response, err := tap.Recv()
		if err != nil {
			return "", err
		}
		picture := response.GetMessage().GetPicture()
		sizes = append(sizes, fmt.Sprintf("%d x %d", picture.GetWidth(), picture.GetHeight()))
		request = &pb.TapLinkRequest{Content: &pb.TapLinkRequest_Credit{Credit: 1}}
	}
	return strings.Join(sizes, ", "), nil
}
