"""Runs a command on a pseudo terminal: pseudo_terminal.py ROWS COLUMNS COMMAND...

What it writes goes to stdout as it is. Orders come on stdin, a JSON object a line: {"resize": [rows, columns]}, {"keys": "q"},
{"signal": 15}. Ends with the command's exit code, and 128 and the number of a signal that ended it.
"""
import fcntl
import json
import os
import pty
import select
import struct
import sys
import termios


def resize(fd, rows, columns):
    fcntl.ioctl(fd, termios.TIOCSWINSZ, struct.pack("HHHH", int(rows), int(columns), 0, 0))


def obey(order, fd, pid):
    if "resize" in order:
        resize(fd, *order["resize"])
    if "keys" in order:
        os.write(fd, order["keys"].encode())
    if "signal" in order:
        os.kill(pid, order["signal"])


rows, columns, *command = sys.argv[1:]
pid, fd = pty.fork()
if pid == 0:
    resize(0, rows, columns)
    os.execvp(command[0], command)
waiting = b""
sources = [fd, 0]
while True:
    ready, _, _ = select.select(sources, [], [])
    if fd in ready:
        try:
            data = os.read(fd, 65536)
        except OSError:
            break
        if not data:
            break
        os.write(1, data)
    if 0 in ready:
        data = os.read(0, 65536)
        if not data:
            sources.remove(0)
        *lines, waiting = (waiting + data).split(b"\n")
        for line in lines:
            obey(json.loads(line), fd, pid)
_, status = os.waitpid(pid, 0)
code = os.waitstatus_to_exitcode(status)
sys.exit(code if code >= 0 else 128 - code)
