// What the tests in test_go.py ask of a function that is written with AWS's own library.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"time"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-lambda-go/lambda"
	"github.com/aws/aws-lambda-go/lambdacontext"
)

type event struct {
	Kind string `json:"kind"`
	Name string `json:"name"`
}

type refused struct{ name string }

func (r refused) Error() string { return "no " + r.name }

func handle(ctx context.Context, e event) (any, error) {
	switch e.Kind {
	case "greet":
		known, _ := lambdacontext.FromContext(ctx)
		deadline, _ := ctx.Deadline()
		fmt.Println("greets", e.Name)
		return map[string]any{
			"greeting": "hello " + e.Name,
			"id":       known.AwsRequestID,
			"arn":      known.InvokedFunctionArn,
			"left":     time.Until(deadline).Milliseconds(),
			"function": lambdacontext.FunctionName,
			"memory":   lambdacontext.MemoryLimitInMB,
			"handler":  os.Getenv("_HANDLER"),
		}, nil
	case "error":
		return nil, errors.New("no luck")
	case "own error":
		return nil, refused{e.Name}
	case "panic":
		var nothing map[string]int
		nothing["a"] = 1
	case "wait":
		<-ctx.Done()
		// Whoever is told too late to answer still may.
		time.Sleep(time.Minute)
	}
	return nil, nil
}

// Pieces of 1 KiB, the last one perhaps an error.
type pieces struct {
	left  int
	fails bool
}

func (p *pieces) Read(buffer []byte) (int, error) {
	if p.left == 0 {
		if p.fails {
			return 0, refused{"more pieces"}
		}
		return 0, io.EOF
	}
	p.left--
	return copy(buffer, strings.Repeat("x", 1024)), nil
}

func stream(_ context.Context, raw json.RawMessage) (any, error) {
	var e struct {
		Pieces int  `json:"pieces"`
		Fails  bool `json:"fails"`
		Http   any  `json:"requestContext"`
	}
	if err := json.Unmarshal(raw, &e); err != nil {
		return nil, err
	}
	if e.Http != nil {
		return &events.LambdaFunctionURLStreamingResponse{
			StatusCode: http.StatusCreated,
			Headers:    map[string]string{"content-type": "text/plain", "x-own": "yes"},
			Cookies:    []string{"a=b"},
			Body:       &pieces{left: 100},
		}, nil
	}
	return &pieces{left: e.Pieces, fails: e.Fails}, nil
}

func main() {
	if os.Getenv("_HANDLER") == "stream" {
		lambda.Start(stream)
	}
	lambda.Start(handle)
}
