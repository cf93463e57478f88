# SPDX-License-Identifier: Apache-2.0
"""A web server's half of FastCGI on one connection that is kept: what a program answers, without a
web server between."""
import socket
import struct

from pages_site import Answer

BEGIN, PARAMS, STDIN, STDOUT, STDERR, END = 1, 4, 5, 6, 7, 3
ROLE_RESPONDER, KEEP_CONN = 1, 1
HEADER = struct.Struct("!BBHHBx")  # version, type, request id, length, padding


def record(kind, content=b""):
    return HEADER.pack(1, kind, 1, len(content), 0) + content


def length(n):
    return bytes([n]) if n < 128 else struct.pack("!I", n | 1 << 31)


class Connection:
    """To the Unix socket of a program (web.Program)."""

    def __init__(self, address):
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.connect(address)
        self.stream = self.socket.makefile("rb")

    def get(self, path, query="", prefix="/deb-status", **headers):
        """One GET; a header as Python's name: If_None_Match."""
        names = {"REQUEST_METHOD": "GET", "SCRIPT_NAME": prefix, "PATH_INFO": path, "QUERY_STRING": query,
                 **{"HTTP_" + k.upper(): v for k, v in headers.items()}}
        params = b"".join(length(len(k)) + length(len(v.encode())) + k.encode() + v.encode() for k, v in names.items())
        self.socket.sendall(record(BEGIN, struct.pack("!HB5x", ROLE_RESPONDER, KEEP_CONN)) + record(PARAMS, params)
                            + record(PARAMS) + record(STDIN))
        out = {STDOUT: b"", STDERR: b""}
        while True:
            _, kind, _, size, padding = HEADER.unpack(self.stream.read(HEADER.size))
            content = self.stream.read(size + padding)[:size]
            if kind == END:
                assert content == bytes(8), "the program's status, and that the request was complete"
                return Answer(out[STDOUT])
            out[kind] += content

    def close(self):
        self.stream.close()
        self.socket.close()
