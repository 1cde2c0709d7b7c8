// The FerretDB of the tests: the server as a library, on SQLite files. Its own program cannot be built as another module's dependency, since
// it insists on a version file that releases alone carry. It listens on a socket in its folder, behind what keeps writes in turn.
package main

import (
	"context"
	"flag"
	"log"
	"log/slog"
	"os"
	"path/filepath"

	"github.com/FerretDB/FerretDB/ferretdb"
)

func main() {
	address := flag.String("address", "", "host:port to listen on")
	data := flag.String("data", "", "existing folder of the SQLite files")
	flag.Parse()
	socket := filepath.Join(*data, "server.sock")
	// Left by a process that was killed.
	os.Remove(socket)
	server, err := ferretdb.New(&ferretdb.Config{
		Listener: ferretdb.ListenerConfig{Unix: socket},
		Logger:   slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelError})),
		Handler:  "sqlite",
		// What a process that is killed has written stays without it; tests cut no machine's power.
		SQLiteURL: "file:" + *data + "/?_pragma=synchronous(off)",
	})
	if err != nil {
		log.Fatal(err)
	}
	go func() { log.Fatal(listenInTurn(*address, socket)) }()
	if err := server.Run(context.Background()); err != nil {
		log.Fatal(err)
	}
}
