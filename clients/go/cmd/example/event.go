package main

import (
	"context"
	"fmt"
	"strings"

	"google.golang.org/grpc"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/types/known/structpb"

	"github.com/pipertd/pipertd/clients/go/internal/program"
	"github.com/pipertd/pipertd/clients/go/internal/terminal"
	pb "github.com/pipertd/pipertd/clients/go/pipertdpb"
)

func event(ctx context.Context, conn *grpc.ClientConn, arguments []string) error {
	request, err := eventRequest(arguments)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	response, err := pb.NewEventServiceClient(conn).NotifyEvent(ctx, request)
	if err != nil {
		return err
	}
	for _, answer := range response.GetAnswers() {
		program.Print(name, answerLine(answer))
		if isError(answer) {
			err = program.ErrSaid
		}
	}
	return err
}

func eventRequest(arguments []string) (*pb.NotifyEventRequest, error) {
	words, err := program.Parse(program.Flags(), arguments)
	if err != nil {
		return nil, err
	}
	if len(words) < 2 {
		return nil, program.Misuse("cannot hand out an event: it takes a name and a target")
	}
	target, err := target(words[1])
	if err != nil {
		return nil, err
	}
	params := &structpb.Struct{Fields: map[string]*structpb.Value{}}
	for _, word := range words[2:] {
		key, text, found := strings.Cut(word, "=")
		if !found || key == "" {
			return nil, program.Misuse(fmt.Sprintf("cannot read parameter %q: it is written KEY=VALUE", word))
		}
		params.Fields[key] = value(text)
	}
	return &pb.NotifyEventRequest{Event: words[0], Target: target, Params: params}, nil
}

// value is what text says in JSON, or else the text.
func value(text string) *structpb.Value {
	var value structpb.Value
	if protojson.Unmarshal([]byte(text), &value) != nil {
		return structpb.NewStringValue(text)
	}
	return &value
}

func answerLine(answer *pb.EventAnswer) string {
	outcome := inJSON(answer.GetValue())
	if isError(answer) {
		outcome = "error: " + answer.GetError()
	}
	return terminal.SetOff(fmt.Sprintf("%s/%s: %s", answer.GetFlow(), answer.GetRoutine(), outcome))
}

func isError(answer *pb.EventAnswer) bool {
	_, isError := answer.GetOutcome().(*pb.EventAnswer_Error)
	return isError
}
