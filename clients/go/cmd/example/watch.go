package main

import (
	"context"
	"errors"
	"fmt"
	"strconv"

	"google.golang.org/grpc"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/pipertd/pipertd/clients/go/internal/program"
	"github.com/pipertd/pipertd/clients/go/internal/terminal"
	"github.com/pipertd/pipertd/clients/go/pipertd"
	pb "github.com/pipertd/pipertd/clients/go/pipertdpb"
)

const onlyNew = -1

func watch(ctx context.Context, conn *grpc.ClientConn, arguments []string) (err error) {
	request := &pb.WatchNoticesRequest{AfterRevision: onlyNew}
	flags := program.Flags()
	flags.Func("from", "", func(text string) (err error) {
		request.AfterRevision, err = behind(text)
		return err
	})
	if request.Target, err = optionalTarget(flags, arguments); err != nil {
		return err
	}
	read := func(response *pb.WatchNoticesResponse) {
		if notice := response.GetNotice(); notice != nil {
			request.Epoch, request.AfterRevision = notice.GetEpoch(), notice.GetRevision()
			program.Print(name, noticeLine(notice))
		} else if progress := response.GetProgress(); progress != nil {
			request.Epoch, request.AfterRevision = progress.GetEpoch(), progress.GetRevision()
		}
	}
	return pipertd.Follow(ctx, pb.NewStatusServiceClient(conn).WatchNotices, request, read, sayWaiting)
}

// behind returns the revision that a watch asks behind to begin with the one that text tells.
func behind(text string) (int64, error) {
	revision, err := strconv.ParseInt(text, 10, 64)
	if err != nil || revision < 1 {
		return 0, errors.New("revisions are counted from 1")
	}
	return revision - 1, nil
}

func noticeLine(notice *pb.Notice) string {
	told := terminal.SetOff(notice.GetKind() + ": " + notice.GetMessage())
	return fmt.Sprintf("%6d %s %s", notice.GetRevision(), clock(notice.GetTime()), told)
}

// clock is a time of this place, to the millisecond.
func clock(moment *timestamppb.Timestamp) string {
	return moment.AsTime().Local().Format("2006-01-02 15:04:05.000")
}
