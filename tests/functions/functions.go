// SPDX-License-Identifier: BSD-2-Clause

// Functions in Go, by the files of vmm-call(7): no library is needed.
package main

import (
	"bytes"
	"os"
	"strconv"
	"strings"
)

const (
	recordMax  = 255 + 1 + 16<<20
	noFunction = 65536
)

type failure struct {
	status int
	text   string
}

func (f failure) Error() string { return f.text }

// Calls a function of the embedder's.
func host(name string, input []byte) ([]byte, error) {
	file, err := os.OpenFile("/dev/vmm/host", os.O_RDWR, 0)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	if _, err = file.Write(append([]byte(name+"\x00"), input...)); err != nil {
		return nil, err
	}
	answer := make([]byte, recordMax+1)
	length, err := file.Read(answer)
	if err != nil {
		return nil, err
	}
	status, output, _ := bytes.Cut(answer[:length], []byte{0})
	if number, err := strconv.Atoi(string(status)); err != nil || number != 0 {
		return nil, failure{number, string(output)}
	}
	return output, nil
}

var functions = map[string]func([]byte) ([]byte, error){
	"echo":    func(input []byte) ([]byte, error) { return input, nil },
	"nothing": func([]byte) ([]byte, error) { return nil, nil },
	"upper":   func(input []byte) ([]byte, error) { return bytes.ToUpper(input), nil },
	"host":    func(input []byte) ([]byte, error) { return host("twice", input) },
	"fail":    func([]byte) ([]byte, error) { return nil, failure{7, "as it was asked to"} },
	"sum": func(input []byte) ([]byte, error) {
		total := 0
		for _, word := range strings.Fields(string(input)) {
			number, err := strconv.Atoi(word)
			if err != nil {
				return nil, err
			}
			total += number
		}
		return []byte(strconv.Itoa(total)), nil
	},
	"panic": func(input []byte) ([]byte, error) { panic(string(input)) },
}

// The reply to a record.
func serve(record []byte) []byte {
	name, input, _ := bytes.Cut(record, []byte{0})
	function := functions[string(name)]
	if function == nil {
		return []byte(strconv.Itoa(noFunction) + "\x00")
	}
	output, err := function(input)
	if f, ok := err.(failure); ok {
		return []byte(strconv.Itoa(f.status) + "\x00" + f.text)
	} else if err != nil {
		return []byte("1\x00" + err.Error())
	}
	return append([]byte("0\x00"), output...)
}

func main() {
	file, err := os.OpenFile("/dev/vmm/call", os.O_RDWR, 0)
	if err != nil {
		os.Stderr.WriteString(err.Error() + "\n")
		os.Exit(1)
	}
	record := make([]byte, recordMax+1)
	for {
		length, err := file.Read(record)
		if err == nil {
			_, err = file.Write(serve(record[:length]))
		}
		if err != nil {
			os.Stderr.WriteString(err.Error() + "\n")
			os.Exit(1)
		}
	}
}
