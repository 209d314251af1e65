/**
 * What placement costs, in this process: microseconds to choose a server, and what learning adds to a report.
 *
 * @module
 */
import { type Address, createModel, type Model, report } from "../src/fleet/mod.ts";
import { choose } from "../src/fleet/operations/placing.ts";
import { seededRandom, SETTINGS } from "../src/fleet/testing.ts";
import { readReport } from "../src/edge/reports/report_reader.ts";
import { reportParams } from "./fleet_report.ts";
import { median, timed } from "./statistics.ts";

/** Microseconds to choose one of 50 and of 1,000 servers; a report with learning ÷ without, and what it takes. */
export interface PlacementFigures {
  readonly at50: number;
  readonly at1000: number;
  readonly learning: { readonly ratio: number; readonly milliseconds: number };
}

const random = seededRandom(1);
/** Choices that are timed together, as a clock is too coarse for one. */
const AT_ONCE = 100;
const LIMITS = {
  ...SETTINGS.limits,
  servers: 10_000,
  kinds: 10_000,
  explanations: 10_000,
  unlistedRooms: 1e6,
};

/** Median microseconds to choose among so many servers, the explanation included. */
async function choosing(servers: number): Promise<number> {
  const model = createModel({ ...SETTINGS, limits: LIMITS });
  for (let i = 0; i < servers; i++) {
    const clients = Math.floor(random() * 800);
    const address = `sfu${i}:1` as Address;
    report(model, { address, pool: "default", version: "1", load: clients / 1000, clients, rooms: [] }, 0);
  }
  const kind = { namespace: "bench", template: "match-#" };
  const size = { expected: 10, large: 10 };
  const times: number[] = [];
  for (let round = 0; round < 5; round++) {
    const some = await timed(50, () => {
      for (let i = 0; i < AT_ONCE; i++) {
        const choice = choose(model, { kind, size, pool: "default" }, 0, random);
        if (typeof choice === "string") throw new Error(choice);
      }
    });
    times.push(some / AT_ONCE);
  }
  return median(times) * 1e6;
}

/** Takes in a report as the edge does: reads it, checks it, and hands it to the fleet. */
function takeIn(model: Model, body: string, now: number): void {
  const { params } = JSON.parse(body);
  const { version, load, clients, rooms } = readReport(params);
  const address = params.public_endpoint as Address;
  report(model, { address, pool: "default", version, load, clients, rooms }, now);
}

/**
 * Reports of a server whose rooms live for half an hour, so that all of them are watched, and one in twenty grows by a
 * client from report to report; against the same with a growth window of nothing, in which no room is young.
 */
async function learning(rooms: number): Promise<{ readonly ratio: number; readonly milliseconds: number }> {
  const bodies = Array.from({ length: 16 }, (_, i) => growingReport(rooms, i));
  const ratios: number[] = [];
  const times: number[] = [];
  for (let round = 0; round < 12; round++) {
    const time = async (growthWindow: number) => {
      const placement = { ...SETTINGS.placement, growthWindow };
      const model = createModel({ ...SETTINGS, placement, limits: LIMITS });
      takeIn(model, bodies[0]!, 0);
      let turn = 0;
      return await timed(16, () => takeIn(model, bodies[++turn % bodies.length]!, turn * 1000));
    };
    const { growthWindow } = SETTINGS.placement;
    const first = round % 2 === 0 ? 0 : growthWindow;
    const [a, b] = [await time(first), await time(growthWindow - first)];
    const [without, withIt] = first === 0 ? [a, b] : [b, a];
    ratios.push(withIt / without);
    times.push(withIt * 1000);
  }
  return { ratio: median(ratios), milliseconds: median(times) };
}

function growingReport(count: number, turn: number): string {
  const params = reportParams(1, count);
  const rooms = params.rooms.map((room, i) => ({
    ...room,
    age: { secs: i * 1800 / count, nanos: 0 },
    peers: i % 20 === 0 ? room.peers + turn : room.peers,
  }));
  return JSON.stringify({ params: { ...params, rooms } });
}

const figures: PlacementFigures = {
  at50: await choosing(50),
  at1000: await choosing(1000),
  learning: await learning(5000),
};
console.log(JSON.stringify(figures));
