import { pack, unpack } from "./packages/msgpackr.ts";
import type { HostedRoom, Hosting, Peer, RoomTokenClaims } from "../sim/hosting.ts";

/** MessagePack-RPC message types. */
const REQUEST = 0;
const RESPONSE = 1;
const NOTIFICATION = 2;

interface Stream {
  readonly room: HostedRoom;
  readonly peer: Peer;
  readonly peerId: number;
}

/**
 * Listens for SDKs: `wss://<address>/main` for the session of a client, `wss://<address>/room?<stream>` for a room
 * that it has joined. Messages are MessagePack-RPC arrays.
 */
export function listenForClients(
  { cert, key, hostname }: { cert: string; key: string; hostname: string },
  hosting: () => Hosting,
): { port: number; close: () => Promise<void> } {
  const sockets = new Set<WebSocket>();
  const streams = new Map<string, Stream>();
  const server = Deno.serve({ hostname, port: 0, cert, key, onListen: () => {} }, (request) => {
    const { pathname, search } = new URL(request.url);
    if (request.headers.get("upgrade")?.toLowerCase() !== "websocket") {
      return new Response(null, { status: 426 });
    }
    const stream = streams.get(search.slice(1));
    if (pathname !== "/main" && stream === undefined) return new Response(null, { status: 404 });
    const { socket, response } = Deno.upgradeWebSocket(request);
    socket.binaryType = "arraybuffer";
    sockets.add(socket);
    socket.addEventListener("close", () => sockets.delete(socket));
    if (pathname === "/main") serveSession(socket, hosting(), streams);
    else serveRoom(socket, hosting(), stream!);
    return response;
  });
  return {
    port: server.addr.port,
    async close() {
      for (const socket of sockets) socket.close();
      await server.shutdown();
    },
  };
}

function serveSession(socket: WebSocket, hosting: Hosting, streams: Map<string, Stream>): void {
  let claims: RoomTokenClaims | undefined;
  const methods: Record<string, (params: { token: string; room_id: string }) => object> = {
    Authenticate({ token }) {
      claims = hosting.verify(token);
      return { room_ids: [claims.rid].flat() };
    },
    JoinRoom({ room_id }) {
      if (claims === undefined) throw new Error("not authenticated");
      const peer: Peer = { user: claims.uid, kicked: () => socket.close() };
      const room = hosting.join(claims, room_id, peer);
      const stream_id = crypto.randomUUID();
      streams.set(stream_id, { room, peer, peerId: streams.size + 1 });
      socket.addEventListener("close", () => {
        hosting.leave(room, peer);
        streams.delete(stream_id);
      });
      return { stream_id };
    },
  };
  socket.addEventListener("message", ({ data }) => {
    const [type, id, method, params] = unpack(new Uint8Array(data));
    if (type !== REQUEST) return;
    try {
      const run = methods[method];
      if (run === undefined) throw new Error("unknown method");
      socket.send(pack([RESPONSE, id, null, run(params)]));
    } catch (error) {
      socket.send(pack([RESPONSE, id, (error as Error).message, null]));
    }
  });
}

/**
 * The web SDK (0.16.0) waits for the news that it has joined only some turns after its socket is open: news that come
 * with the opening itself, as they can on one machine, are missed, and it waits for ever.
 */
const JOINED_AFTER_MS = 50;

function serveRoom(socket: WebSocket, hosting: Hosting, { room, peer, peerId }: Stream): void {
  const { id, customer, userData } = room;
  let news: ReturnType<typeof setTimeout> | undefined;
  socket.addEventListener("open", () => {
    const joined = {
      kind: "Joined",
      own_peer_id: peerId,
      media_ids: [peerId],
      room: { customer, id: id[1], peers: [], user_data: new Uint8Array(userData) },
    };
    news = setTimeout(
      () => socket.send(pack([NOTIFICATION, "RoomUpdated", { updates: [joined] }])),
      JOINED_AFTER_MS,
    );
  });
  socket.addEventListener("close", () => {
    clearTimeout(news);
    hosting.leave(room, peer);
  });
}
