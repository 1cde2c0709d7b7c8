package main

import (
	"encoding/binary"
	"io"
	"net"
	"sync"
	"time"
)

// FerretDB 1.x reads a document and writes it back in two steps: of two updates at once one may be lost, and compare-and-set be won by both, which no
// MongoDB does. So write commands are handed on to it one at a time; everything else passes as it comes.

// As in the MongoDB wire protocol: a header of 16 bytes, flags, the kind of the first section and the length of its document, whose first element
// has a type and the command as its name.
const (
	headerBytes = 16
	opcodeAt    = 12
	nameAt      = 26
	opMsg       = 2013
	mostBytes   = 48 << 20
)

// A client that has gone away must not keep the others waiting for an answer that nobody reads.
const patience = 30 * time.Second

var writes = map[string]bool{"insert": true, "update": true, "delete": true, "findAndModify": true, "findandmodify": true}

var turn sync.Mutex

func readMessage(from io.Reader) ([]byte, error) {
	var header [headerBytes]byte
	if _, err := io.ReadFull(from, header[:]); err != nil {
		return nil, err
	}
	length := binary.LittleEndian.Uint32(header[:])
	if length < headerBytes || length > mostBytes {
		return nil, io.ErrUnexpectedEOF
	}
	message := make([]byte, length)
	copy(message, header[:])
	_, err := io.ReadFull(from, message[headerBytes:])
	return message, err
}

func isWrite(message []byte) bool {
	if binary.LittleEndian.Uint32(message[opcodeAt:]) != opMsg || len(message) <= nameAt {
		return false
	}
	for end, char := range message[nameAt:] {
		if char == 0 {
			return writes[string(message[nameAt:nameAt+end])]
		}
	}
	return false
}

// One question, and its answer.
func exchange(message []byte, server net.Conn) ([]byte, error) {
	if isWrite(message) {
		turn.Lock()
		defer turn.Unlock()
	}
	if err := server.SetDeadline(time.Now().Add(patience)); err != nil {
		return nil, err
	}
	if _, err := server.Write(message); err != nil {
		return nil, err
	}
	return readMessage(server)
}

// The drivers ask one thing at a time on a connection.
func serve(client net.Conn, socket string) {
	defer client.Close()
	server, err := net.Dial("unix", socket)
	if err != nil {
		return
	}
	defer server.Close()
	for {
		message, err := readMessage(client)
		if err != nil {
			return
		}
		answer, err := exchange(message, server)
		if err != nil {
			return
		}
		if _, err := client.Write(answer); err != nil {
			return
		}
	}
}

// Takes connections on the address for the server behind the socket.
func listenInTurn(address string, socket string) error {
	listener, err := net.Listen("tcp", address)
	if err != nil {
		return err
	}
	for {
		client, err := listener.Accept()
		if err != nil {
			return err
		}
		go serve(client, socket)
	}
}
