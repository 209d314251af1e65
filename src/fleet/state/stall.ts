import type { Change } from "../change.ts";
import type { StallReason } from "../facts.ts";
import type { RebalanceSettings } from "../settings.ts";
import type { Milliseconds } from "../time.ts";
import type { Server } from "./server.ts";

/** A server that is too full, and that nothing leaves. */
export interface Stall {
  readonly since: Milliseconds;
  /** Whether that has been told. */
  readonly told: boolean;
}

/**
 * Nothing leaves a server that is too full. Told once that has been so for as long as one move is from the next, so that a
 * load about the mark is not told all the time; and once within `rest`.
 *
 * @returns what is to be told
 */
export function stall(
  server: Server,
  why: StallReason,
  { interval, rest }: RebalanceSettings,
  now: Milliseconds,
): Change[] {
  const { since, told } = server.stall ?? { since: now, told: false };
  const isNews = !told && now - since >= interval && now - server.stallTold >= rest;
  server.stall = { since, told: told || isNews };
  if (!isNews) return [];
  server.stallTold = now;
  return [{ type: "server-stalled", server: server.address, load: server.steadyLoad, why }];
}

/** The server is too full no more, or something leaves it. @returns what is to be told */
export function endStall(server: Server): Change[] {
  const told = server.stall?.told === true;
  server.stall = undefined;
  return told
    ? [{ type: "server-stalled", server: server.address, load: server.steadyLoad, why: undefined }]
    : [];
}
