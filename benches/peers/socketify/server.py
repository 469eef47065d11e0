"""Echo on uWebSockets through socketify. Compression off, as everywhere here."""
import socket
import sys
import threading

from socketify import App, CompressOptions, OpCode


def message(client, words, opcode):
    client.send(words, OpCode.BINARY)


def free_port():
    """uWebSockets does not say which port it was given for 0."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def listening(config):
    print(f"listening {config.port}", flush=True)
    threading.Thread(target=ends_with_its_input, daemon=True).start()


def ends_with_its_input():
    sys.stdin.read()
    app.close()


app = App()
app.ws("/*", {
    "compression": CompressOptions.DISABLED,
    "max_payload_length": 65536,
    "idle_timeout": 0,
    "message": message,
})
app.listen({"host": "127.0.0.1", "port": free_port()}, listening)
app.run()
