package main

import (
	"bytes"
	"fmt"
	"net"
	"os"
)

var (
	headEnd = []byte("\r\n\r\n")
	reply   = []byte("HTTP/1.1 200 OK\r\nContent-Length: 13\r\n" +
		"Content-Type: text/plain\r\n\r\nHello, World!")
)

// serve answers what `answer` makes of each read; nil is no answer. Go sets TCP_NODELAY itself.
func serve(o *options, answer func(read []byte) []byte) {
	listener, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", o.port))
	if err != nil {
		fmt.Fprintln(os.Stderr, "go_peer:", err)
		os.Exit(1)
	}
	for {
		connection, err := listener.Accept()
		if err != nil {
			continue
		}
		go func() {
			defer connection.Close()
			buffer := make([]byte, 4096)
			for {
				size, err := connection.Read(buffer)
				if err != nil {
					return
				}
				reply := answer(buffer[:size])
				if reply == nil {
					continue
				}
				if _, err = connection.Write(reply); err != nil {
					return
				}
			}
		}()
	}
}

// serveHTTP answers every request with "Hello, World!". A read that does not end a request's head
// is let pass: the load generators send a request in one piece.
func serveHTTP(o *options) {
	serve(o, func(read []byte) []byte {
		if !bytes.Contains(read, headEnd) {
			return nil
		}
		return reply
	})
}

func serveEcho(o *options) {
	serve(o, func(read []byte) []byte { return read })
}
