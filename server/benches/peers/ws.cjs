// A peer of the figures: the usual chat on Node's `ws`, one Set of sockets for each room. NODE_PATH says where `ws` is.
"use strict";

const { WebSocketServer, WebSocket } = require("ws");

/** @type {Map<string, Set<import("ws").WebSocket>>} */
const rooms = new Map();

const server = new WebSocketServer({ host: "127.0.0.1", port: 0, backlog: 4096, perMessageDeflate: false }, () => {
    console.log(`listening on ${server.address().port}`);
});

server.on("connection", (socket, request) => {
    const [, , , room, user] = request.url.split("/");
    if (!rooms.has(room)) rooms.set(room, new Set());
    const members = rooms.get(room);
    members.add(socket);
    socket.on("message", (line) => {
        const said = `${user}: ${line}`;
        for (const member of members) {
            if (member.readyState === WebSocket.OPEN) member.send(said);
        }
    });
    socket.on("close", () => members.delete(socket));
    socket.on("error", () => members.delete(socket));
});
