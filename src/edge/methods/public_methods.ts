import { z } from "zod";
import { groupName } from "../../fleet/ids.ts";
import { duration, type Task } from "../../fleet/task.ts";
import type { ConnectOutcome } from "../../fleet/mod.ts";
import type { GatewayPort, NotDurable } from "../../gateway/port.ts";
import { type ClientToken, Name, type ServerKeys, signRoomToken } from "../../tokens/mod.ts";
import { NOT_DURABLE, OVERLOADED, RpcError } from "../errors.ts";
import { type Method, method } from "../rpc/json_rpc.ts";
import { managementError } from "./management_error.ts";

/** What a call of a public method comes with. */
export interface PublicCall {
  readonly token: ClientToken;
  readonly pool: string;
  /** Whether the caller chose the pool by the path; else it is the default one. */
  readonly poolNamed: boolean;
  /** IP address of whoever made the request, for the log. */
  readonly client: string;
  /** Whether Connects are put off, because there is too much to do. */
  readonly connectsPutOff: boolean;
  /** What Connect has answered in this request: in a batch, the same token for the same server is signed once. */
  signed?: { readonly server: string; readonly answer: ReturnType<typeof signRoomToken> };
}

/** What the public methods work with. */
export interface PublicContext {
  readonly gateway: GatewayPort;
  readonly serverKeys: ServerKeys;
  /** Lifetime of room tokens in seconds. */
  readonly tokenLifetime: number;
  /** Longest ban in seconds; longer ones are cut to it. */
  readonly maxBanTime: number;
  /** Lets a token manage every room whose name begins with one of its `rid` values. */
  readonly roomIdPrefix: boolean;
  /** Called with every grant. */
  readonly granted?: ((call: PublicCall, address: string) => void) | undefined;
}

const BanTime = z.number().min(0).optional();
/** Checked by a plain loop, up to the first fault: with a schema for each, 64 KB of them cost as much as 178 Connects. */
const Bytes = z.custom<readonly number[]>(Array.isArray, "expected an array of integers 0 to 255")
  .superRefine(
    (bytes, context) => {
      const wrong = bytes.findIndex((byte) => !isByte(byte));
      if (wrong < 0) return;
      context.addIssue({ code: "custom", path: [wrong], message: "expected an integer from 0 to 255" });
    },
  );

function isByte(value: unknown): boolean {
  return typeof value === "number" && value >= 0 && value <= 255 && Number.isInteger(value);
}

const RoomClose = z.object({ room_id: Name, ban_time: BanTime });
const RoomUpdate = z.object({ room_id: Name, user_data: Bytes });
const RoomBanClient = z.object({ room_id: Name, user_id: Name, ban_time: BanTime });
const RoomSendMessage = z.object({ room_id: Name, user_id: Name, message: Bytes });

/** Params of the management methods. */
export const MANAGEMENT = { RoomClose, RoomUpdate, RoomBanClient, RoomSendMessage };

/** The methods for clients and for customers' backends (`docs/protocol.md` §5). */
export function publicMethods(context: PublicContext): Record<string, Method<PublicCall>> {
  const { gateway, serverKeys, tokenLifetime, maxBanTime } = context;

  async function manage(call: PublicCall, room: string, task: Task, banTime?: number): Promise<object> {
    const { rooms } = call.token;
    const allowed = context.roomIdPrefix ? rooms.some((rid) => room.startsWith(rid)) : rooms.includes(room);
    if (!allowed) throw new RpcError("forbidden", "room_id is not one of the token's rid values");
    const outcome = await gateway.manage({
      task,
      banTime: banTime === undefined ? undefined : banTime * 1000,
      customer: call.token.customer,
      by: call.token.keyId,
    });
    if (outcome !== "accepted") {
      throw managementError(outcome);
    }
    return {};
  }
  const capped = (seconds: number | undefined) =>
    seconds === undefined ? undefined : Math.min(seconds, maxBanTime);
  const id = (call: PublicCall, room: string) => [call.token.namespace, room] as const;

  return {
    Connect: method(z.object({}), async (_params, call: PublicCall) => {
      if (call.connectsPutOff) throw OVERLOADED;
      const { token } = call;
      const rooms = sameGroup(token.rooms);
      const { customer, licence, namespace, user, server, pools: allowedPools } = token;
      const pool = poolOf(call);
      const outcome = await gateway.connect({
        customer,
        licence,
        namespace,
        rooms,
        user,
        pool,
        allowedPools,
        server,
      });
      if (!outcome.granted) {
        throw connectError(outcome);
      }
      context.granted?.(call, outcome.server);
      if (call.signed?.server !== outcome.server) {
        const now = Math.floor(Date.now() / 1000);
        const answer = signRoomToken(serverKeys.ofServer(outcome.server), token, now, tokenLifetime);
        call.signed = { server: outcome.server, answer };
      }
      return call.signed.answer;
    }),
    RoomClose: method(RoomClose, (params, call: PublicCall) => {
      const seconds = capped(params.ban_time);
      const task: Task = {
        task: "RoomClose",
        id: id(call, params.room_id),
        ban_time: duration(seconds ?? 0),
      };
      return manage(call, params.room_id, task, seconds);
    }),
    RoomUpdate: method(RoomUpdate, (params, call: PublicCall) => {
      const { room_id, user_data } = params;
      return manage(call, room_id, { task: "RoomUpdate", id: id(call, room_id), user_data });
    }),
    RoomBanClient: method(
      RoomBanClient,
      (params, call: PublicCall) => {
        const { room_id, user_id } = params;
        const seconds = capped(params.ban_time);
        const ban_time = duration(seconds ?? 0);
        return manage(
          call,
          room_id,
          { task: "RoomBanClient", id: id(call, room_id), user_id, ban_time },
          seconds,
        );
      },
    ),
    RoomSendMessage: method(
      RoomSendMessage,
      (params, call: PublicCall) => {
        const { room_id, user_id, message } = params;
        return manage(call, room_id, { task: "RoomSendMessage", id: id(call, room_id), user_id, message });
      },
    ),
  };
}

/** The pool of the path, or the first that the key is bound to where the path names none. */
function poolOf({ pool, poolNamed, token: { pools } }: PublicCall): string {
  return poolNamed || pools === undefined || pools.includes(pool) ? pool : pools[0]!;
}

/** The distinct room names of a token, if they may be joined together. */
function sameGroup(names: readonly string[]): readonly string[] {
  if (names.length === 1) return names;
  const group = groupName(names[0]!);
  if (names.some((name) => groupName(name) !== group)) {
    throw new RpcError("ridUnusable", "all values in rid must have the same base");
  }
  return [...new Set(names)];
}

function connectError(outcome: (ConnectOutcome | NotDurable) & { granted: false }): RpcError {
  switch (outcome.reason) {
    case "peer-limit":
      return new RpcError("peerLimit", "peer limit exceeded");
    case "room-limit":
      return new RpcError("roomLimit", "room limit exceeded");
    case "banned":
      return new RpcError(
        "banned",
        outcome.ban.user === undefined ? "room is banned" : "user is banned from room",
      );
    case "no-server":
      return new RpcError("noServer", "no server available");
    case "overloaded":
      return new RpcError("noServer", "no server available: all are full");
    case "pool-not-allowed":
      return new RpcError("forbidden", "the key of this token is bound to other pools");
    case "server-not-available":
      return new RpcError("noServer", "no server available: the one that the token asks for is not");
    case "learning":
      return new RpcError("unavailable", "the gateway has just started and waits for the servers; try again");
    case "not-durable":
      return NOT_DURABLE;
    case "too-many-rooms":
      return new RpcError("unavailable", "too many rooms wait for their first client; try again later");
  }
}
