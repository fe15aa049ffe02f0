// A bare uWebSockets.js server that sends every message back: the floor that no server written
// with it can go below. A process of its own, as the server that is measured is one.

import { App, us_socket_local_port } from "uWebSockets.js";

App()
  .ws("/*", {
    maxPayloadLength: 64 * 1024,
    idleTimeout: 0,
    message: (socket, message, isBinary) => {
      socket.send(message, isBinary);
    },
  })
  .listen("127.0.0.1", 0, (listening) => {
    if (!listening) throw new Error("the echo server cannot listen");
    // The package types a listening socket apart from sockets; underneath it is one.
    const port = us_socket_local_port(listening as Parameters<typeof us_socket_local_port>[0]);
    process.send?.({ port });
  });

process.once("disconnect", () => process.exit(0));
