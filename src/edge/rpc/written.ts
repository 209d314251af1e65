import { SlicedWork } from "../../sliced_work.ts";

/** Entries that are made, or written as JSON, between two looks at the clock. */
const PIECE = 64;

type Slices = Pick<SlicedWork, "due" | "letOthersPass">;

/** A result that is JSON already. */
export class Written {
  constructor(readonly json: string) {}
}

/** A result as JSON; what has long lists is written in slices, between which others get their turn. */
export async function written(result: object, work: Slices = new SlicedWork()): Promise<Written> {
  const members: string[] = [];
  for (const [name, value] of Object.entries(result)) {
    const json = Array.isArray(value) && value.length > PIECE
      ? await writtenList(value, work)
      : JSON.stringify(value) as string | undefined;
    if (json !== undefined) members.push(`${JSON.stringify(name)}:${json}`);
  }
  return new Written(`{${members.join(",")}}`);
}

/** What `entries.map(show)` answers, in slices between which others get their turn. */
export async function mappedInSlices<Item, Shown>(
  entries: readonly Item[],
  show: (entry: Item) => Shown,
  work: Slices = new SlicedWork(),
): Promise<Shown[]> {
  const all: Shown[] = [];
  for (const entry of entries) {
    all.push(show(entry));
    if (all.length % PIECE === 0 && work.due) await work.letOthersPass();
  }
  return all;
}

async function writtenList(list: readonly unknown[], work: Slices): Promise<string> {
  const pieces: string[] = [];
  for (let from = 0; from < list.length; from += PIECE) {
    pieces.push(JSON.stringify(list.slice(from, from + PIECE)).slice(1, -1));
    if (work.due) await work.letOthersPass();
  }
  return `[${pieces.join(",")}]`;
}
