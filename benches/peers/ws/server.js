// Echo and fan-out on `ws`: `node server.js echo|fanout`. Compression off, as everywhere here.
"use strict";
const { WebSocketServer } = require("ws");

const fanout = process.argv[2] === "fanout";
const server = new WebSocketServer({ host: "127.0.0.1", port: 0, backlog: 4096, perMessageDeflate: false });
const watchers = new Set();

server.on("listening", () => console.log("listening " + server.address().port));
server.on("connection", (socket, request) => {
  socket.on("error", () => {});
  if (fanout && request.url === "/watch") {
    watchers.add(socket);
    socket.on("close", () => watchers.delete(socket));
    return;
  }
  socket.on("message", (message) => {
    for (const watcher of watchers) watcher.send(message, { binary: true });
    socket.send(message, { binary: true });
  });
});
process.stdin.resume();
process.stdin.on("end", () => process.exit(0));
