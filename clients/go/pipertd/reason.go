package pipertd

import (
	"google.golang.org/genproto/googleapis/rpc/code"
	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc/status"
)

// Reason returns the daemon's name of what err is, such as UNKNOWN_TARGET, which stays the same from version to version.
// Where it was not the daemon that spoke, it is the name of gRPC's code, such as UNAVAILABLE.
func Reason(err error) string {
	told := status.Convert(err)
	for _, detail := range told.Details() {
		if info, ok := detail.(*errdetails.ErrorInfo); ok {
			return info.GetReason()
		}
	}
	return code.Code(told.Code()).String()
}
