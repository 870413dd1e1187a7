# a Go program: os/exec, goroutines, net, many files; built here, nothing fetched
# needs: go
# limit: 240
# ignore: ^home/(\.cache|go|\.config)(/|$)
# volatile: ws/prog$
export GOFLAGS=-mod=mod GO111MODULE=on GOPROXY=off GOSUMDB=off GOTELEMETRY=off CGO_ENABLED=0
cp "$E2E/programs/main.go.txt" main.go
cat >go.mod <<'E'
module e2e.test/prog

go 1.19
E
go vet ./... && go build -trimpath -o prog . || exit 1
./prog
echo "exit $?"
cat >main_test.go <<'E'
package main

import "testing"

func TestTriple(t *testing.T) {
	if triple(2) != 6 {
		t.Fatal("wrong")
	}
}
E
go test ./... 2>&1 | awk '{print $1, $2}'
gofmt -l .
go run . >again; echo "run $?"; cmp again <(./prog) && echo same
