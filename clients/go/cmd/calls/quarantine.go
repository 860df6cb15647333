package main

import (
	"context"
	"errors"
	"fmt"
	"io"

	"google.golang.org/grpc"

	"github.com/pipertd/pipertd/clients/go/pipertd"
	pb "github.com/pipertd/pipertd/clients/go/pipertdpb"
)

func listMessages(ctx context.Context, conn *grpc.ClientConn) (string, error) {
	request := &pb.ListMessagesRequest{Target: &pb.Target{Pipeline: "poison"}}
	response, err := pb.NewQuarantineServiceClient(conn).ListMessages(ctx, request)
	if err != nil {
		return "", err
	}
	if len(response.GetMessages()) == 0 {
		return "there is none", nil
	}
	return "the oldest came by " + response.GetMessages()[0].GetLink(), nil
}

func getMessage(ctx context.Context, conn *grpc.ClientConn) (string, error) {
	id, err := oldestID(ctx, conn)
	if err != nil {
		return "", err
	}
	response, err := pb.NewQuarantineServiceClient(conn).GetMessage(ctx, &pb.GetMessageRequest{Id: id})
	if err != nil {
		return "", err
	}
	message := response.GetMessage()
	return fmt.Sprintf("%s, attempts: %d, deaths: %d",
		message.GetClassPath(), message.GetAttempts(), message.GetDeaths()), nil
}

func readPayload(ctx context.Context, conn *grpc.ClientConn) (string, error) {
	id, err := oldestID(ctx, conn)
	if err != nil {
		return "", err
	}
	pieces, err := pb.NewQuarantineServiceClient(conn).ReadPayload(ctx, &pb.ReadPayloadRequest{Id: id})
	if err != nil {
		return "", err
	}
	var payload []byte
	for {
		piece, err := pieces.Recv()
		if errors.Is(err, io.EOF) {
			return fmt.Sprintf("%d bytes", len(payload)), nil
		}
		if err != nil {
			return "", err
		}
		payload = append(payload, piece.GetData()...)
	}
}

func dropMessage(ctx context.Context, conn *grpc.ClientConn) (string, error) {
	id, err := oldestID(ctx, conn)
	if err != nil {
		return "", err
	}
	messages, request := pb.NewQuarantineServiceClient(conn), &pb.DropMessageRequest{Id: id}
	if _, err := messages.DropMessage(ctx, request); err != nil {
		return "", err
	}
	if _, err := messages.DropMessage(ctx, request); err != nil {
		return "dropped; dropped again: " + pipertd.Reason(err), nil
	}
	return "dropped twice", nil
}

// oldestID names the message that was put aside first.
func oldestID(ctx context.Context, conn *grpc.ClientConn) (string, error) {
	request := &pb.ListMessagesRequest{Target: &pb.Target{Pipeline: "poison"}}
	response, err := pb.NewQuarantineServiceClient(conn).ListMessages(ctx, request)
	if err != nil {
		return "", err
	}
	if len(response.GetMessages()) == 0 {
		return "", errors.New("cannot look at a message: there is none in quarantine")
	}
	return response.GetMessages()[0].GetId(), nil
}
