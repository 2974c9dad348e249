"""A peer of the figures: the chat of FastAPI's WebSocket tutorial, under uvicorn as `pip install uvicorn[standard]` has it.

Beyond the tutorial it only has rooms, a list of connections for each, and says its port.
"""

import socket
from collections import defaultdict

import uvicorn
from fastapi import FastAPI, WebSocket, WebSocketDisconnect

app = FastAPI()


class ConnectionManager:
    def __init__(self) -> None:
        self.active_connections: dict[str, list[WebSocket]] = defaultdict(list)

    async def connect(self, room: str, websocket: WebSocket) -> None:
        await websocket.accept()
        self.active_connections[room].append(websocket)

    def disconnect(self, room: str, websocket: WebSocket) -> None:
        self.active_connections[room].remove(websocket)

    async def broadcast(self, room: str, message: str) -> None:
        for connection in self.active_connections[room]:
            await connection.send_text(message)


manager = ConnectionManager()


@app.websocket("/ws/chat/{room}/{client_id}")
async def websocket_endpoint(websocket: WebSocket, room: str, client_id: str) -> None:
    await manager.connect(room, websocket)
    try:
        while True:
            data = await websocket.receive_text()
            await manager.broadcast(room, f"{client_id}: {data}")
    except WebSocketDisconnect:
        manager.disconnect(room, websocket)


if __name__ == "__main__":
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    listener.listen(4096)
    print(f"listening on {listener.getsockname()[1]}", flush=True)
    # Its pings want their own bytes back, which a generator that decodes nothing does not have.
    config = uvicorn.Config(app, log_level="error", ws_ping_interval=None)
    uvicorn.Server(config).run(sockets=[listener])
