import type { Snapshot, SnapshotPiece } from "../fleet/mod.ts";

/** Rows of a piece, at most. */
const ROWS = 2000;

/** A snapshot as a store gives it: piece by piece, each of one kind. */
export function* inPieces(
  { servers, placements, rooms, bans, kinds, names, tasks }: Snapshot,
): Generator<SnapshotPiece> {
  for (const rows of slices(servers)) yield { servers: rows };
  for (const rows of slices(placements)) yield { placements: rows };
  for (const rows of slices(rooms)) yield { rooms: rows };
  for (const rows of slices(bans)) yield { bans: rows };
  for (const rows of slices(kinds)) yield { kinds: rows };
  for (const rows of slices(names)) yield { names: rows };
  for (const rows of slices(tasks)) yield { tasks: rows };
}

/** Rows in pieces. */
export function* slices<Row>(rows: Iterable<Row>): Generator<Row[]> {
  const all = [...rows];
  for (let i = 0; i < all.length; i += ROWS) yield all.slice(i, i + ROWS);
}
