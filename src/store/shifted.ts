import type {
  Change,
  Draining,
  LearnedKind,
  LearnedName,
  Lesson,
  Milliseconds,
  Snapshot,
} from "../fleet/mod.ts";

/** The change with all its times moved. */
export function shiftedChange(change: Change, shift: Milliseconds): Change {
  switch (change.type) {
    case "banned":
    case "ban-ended":
      return { ...change, ban: { ...change.ban, until: change.ban.until + shift } };
    case "task-queued":
      return { ...change, task: { ...change.task, expires: change.task.expires + shift } };
    case "server-planned":
      return { ...change, draining: shiftedDraining(change.draining, shift) };
    case "group-young":
      return { ...change, learned: shiftedLesson(change.learned, shift) };
    case "size-observed":
      return { ...change, earlier: shiftedLesson(change.earlier, shift) };
    case "name-learned":
      return { ...change, name: shiftedName(change.name, shift) };
    case "kind-learned":
      return { ...change, kind: shiftedKind(change.kind, shift) };
    case "group-explained": {
      const { explanation } = change;
      return { ...change, explanation: { ...explanation, at: explanation.at + shift } };
    }
    default:
      return change;
  }
}

/** The snapshot with all its times moved. */
export function shifted(snapshot: Snapshot, shift: Milliseconds): Snapshot {
  return {
    servers: Array.from(snapshot.servers, (server) => ({
      ...server,
      firstSeen: server.firstSeen + shift,
      draining: shiftedDraining(server.draining, shift),
    })),
    placements: Array.from(snapshot.placements, (placement) => ({ ...placement })),
    rooms: Array.from(snapshot.rooms, (room) => ({ ...room })),
    bans: Array.from(
      snapshot.bans,
      ({ room, user, until, customer, by }) => ({ room, user, until: until + shift, customer, by }),
    ),
    tasks: Array.from(snapshot.tasks, ({ task, ...its }) => ({
      ...its,
      task: { ...task, expires: task.expires + shift },
    })),
    kinds: Array.from(snapshot.kinds, (kind) => shiftedKind(kind, shift)),
    names: Array.from(snapshot.names, (name) => shiftedName(name, shift)),
  };
}

function shiftedDraining(draining: Draining | undefined, shift: Milliseconds): Draining | undefined {
  if (draining?.deadline === undefined) return draining;
  return { deadline: draining.deadline + shift };
}

function shiftedName({ known, ...hash }: LearnedName, shift: Milliseconds): LearnedName {
  return { ...hash, known: known && { ...known, at: known.at + shift } };
}

function shiftedLesson(lesson: Lesson | undefined, shift: Milliseconds): Lesson | undefined {
  return lesson && { ...lesson, at: lesson.at + shift };
}

function shiftedKind(kind: LearnedKind, shift: Milliseconds): LearnedKind {
  return { ...kind, sizes: kind.sizes && { ...kind.sizes, at: kind.sizes.at + shift } };
}
