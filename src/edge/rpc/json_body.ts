import { RpcError } from "../errors.ts";
import { RoomList } from "../reports/room_list.ts";
import { SlicedWork } from "../../sliced_work.ts";

/**
 * Bodies of up to so many bytes are read at once. The dearest there is for its size, nothing but brackets, takes V8 some
 * 25 ms then, once; a usual one 2.
 */
const AT_ONCE = 256 * 1024;

/** Rooms of a larger body are read so many bytes at a time. */
const PIECE = 64 * 1024;

/** A room in it that is longer is not even read. The longest there can be has names of 1024 bytes, escaped six-fold. */
const LONGEST_ROOM = 32 * 1024;

/** So many bytes are scanned before the clock is looked at. */
const STRIDE = 128 * 1024;

const QUOTE = 0x22;
const COMMA = 0x2c;
const COLON = 0x3a;
const OPEN_ARRAY = 0x5b;
const BACKSLASH = 0x5c;
const CLOSE_ARRAY = 0x5d;
const OPEN_OBJECT = 0x7b;
const CLOSE_OBJECT = 0x7d;

/** 1 for the bytes that structure JSON outside of strings. */
const STRUCTURE = new Uint8Array(256);
for (const byte of [QUOTE, COMMA, COLON, OPEN_ARRAY, CLOSE_ARRAY, OPEN_OBJECT, CLOSE_OBJECT]) {
  STRUCTURE[byte] = 1;
}

/** Both refuse what is not UTF-8 instead of reading it as U+FFFD, which would make two names one. */
const wholeText = new TextDecoder("utf-8", { fatal: true });
const partOfText = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

const encoder = new TextEncoder();
const PARAMS = encoder.encode("params");
const ROOMS = encoder.encode("rooms");
const BETWEEN_ROOMS = encoder.encode("},{");

/**
 * The JSON value of a body. Of a large one, the only part that may be large is the array `params.rooms` of a single
 * request: it is read piece by piece into a {@link RoomList}, which then stands in its place, and others pass in between.
 *
 * @throws {RpcError} `parseError` where it is not JSON in UTF-8, `invalidRequest` where something else in it is large
 */
export async function readJson(body: Uint8Array): Promise<unknown> {
  if (body.length <= AT_ONCE) return parse(wholeText, body);
  const { rest, rooms } = await new RoomScanner(body).run();
  const json = parse(wholeText, rest);
  if (rooms !== undefined) putRooms(json, rooms);
  return json;
}

/** Puts the rooms in the place of the array that they were taken from, if it is still one: the last member of a name counts. */
function putRooms(json: unknown, rooms: RoomList): void {
  if (!isObject(json) || !isObject(json.params)) return;
  if (Array.isArray(json.params.rooms)) json.params.rooms = rooms;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function parse(decoder: TextDecoder, bytes: Uint8Array): unknown {
  try {
    return JSON.parse(decoder.decode(bytes));
  } catch {
    throw notJson();
  }
}

/** A list of values, if it is one. */
function tryParse(bytes: Uint8Array): unknown[] | undefined {
  try {
    return JSON.parse(`[${partOfText.decode(bytes)}]`);
  } catch {
    return undefined;
  }
}

function notJson(): RpcError {
  return new RpcError("parseError", "the body is not JSON in UTF-8");
}

/**
 * Finds `params.rooms` in a body and takes what is in it out. It knows no more of JSON than strings and brackets: each
 * part that it cuts is given to `JSON.parse`, which refuses what is none.
 */
class RoomScanner {
  readonly #body: Uint8Array;
  readonly #work = new SlicedWork();
  #rooms: RoomList | undefined;
  /** What is not in an array of rooms, and how long it is together. */
  readonly #rest: Uint8Array[] = [];
  #restLength = 0;
  #restStart = 0;
  #pieceStart = 0;
  #roomStart = 0;
  #firstPiece = true;

  constructor(body: Uint8Array) {
    this.#body = body;
  }

  async run(): Promise<{ rest: Uint8Array; rooms: RoomList | undefined }> {
    const body = this.#body;
    const { length } = body;
    let [depth, inString, inParams, inRooms] = [0, false, false, false];
    let [stringStart, stringEnd] = [0, 0];
    /** Whether the value that comes is that of `params` in the request, or of `rooms` in its params. */
    let [isParams, isRooms] = [false, false];
    let look = Math.min(STRIDE, length);
    for (let i = 0;; i++) {
      // Most bytes mean nothing here: they are passed by loops of their own, which takes a third of the time.
      if (inString) { while (i < look && body[i] !== QUOTE && body[i] !== BACKSLASH) i++; }
      else while (i < look && STRUCTURE[body[i]!] === 0) i++;
      if (i >= look) {
        if (i >= length) break;
        look = Math.min(i + STRIDE, length);
        if (!inRooms) this.#boundRest(i);
        if (this.#work.due) await this.#work.letOthersPass();
      }
      const byte = body[i]!;
      if (inString) {
        if (byte === BACKSLASH) i++;
        else if (byte === QUOTE) {
          inString = false;
          stringEnd = i;
        }
        continue;
      }
      switch (byte) {
        case QUOTE:
          inString = true;
          stringStart = i + 1;
          break;
        case COLON:
          if (depth === 1) isParams = this.#is(PARAMS, stringStart, stringEnd);
          else if (depth === 2) isRooms = inParams && this.#is(ROOMS, stringStart, stringEnd);
          break;
        case COMMA:
          if (inRooms && depth === 3) {
            this.#endRoom(i);
            if (i - this.#pieceStart >= PIECE) {
              this.#takePiece(i);
              if (this.#work.due) await this.#work.letOthersPass();
            }
          } else if (depth === 2) isRooms = false;
          else if (depth === 1) isParams = false;
          break;
        case OPEN_ARRAY:
        case OPEN_OBJECT:
          if (depth === 0 && byte === OPEN_ARRAY) throw tooLarge("a batch");
          if (depth === 1) inParams = isParams && byte === OPEN_OBJECT;
          if (depth === 2 && isRooms && byte === OPEN_ARRAY) {
            inRooms = true;
            i = await this.#beginRooms(i + 1) - 1;
            look = Math.min(i + STRIDE, length);
          }
          depth++;
          break;
        case CLOSE_ARRAY:
        case CLOSE_OBJECT:
          if (inRooms && depth === 3) {
            if (byte !== CLOSE_ARRAY) throw notJson();
            inRooms = false;
            this.#endRooms(i);
          }
          if (depth === 2) inParams = isRooms = false;
          depth--;
      }
      if (depth < 0) throw notJson();
    }
    if (inString || depth !== 0) throw notJson();
    this.#boundRest(length);
    this.#rest.push(body.subarray(this.#restStart));
    return { rest: join(this.#rest), rooms: this.#rooms };
  }

  #is(name: Uint8Array, start: number, end: number): boolean {
    return end - start === name.length && name.every((byte, i) => this.#body[start + i] === byte);
  }

  #boundRest(until: number): void {
    if (this.#restLength + until - this.#restStart > AT_ONCE) throw tooLarge("what is not rooms of a report");
  }

  /** @returns where to go on, in the array */
  async #beginRooms(start: number): Promise<number> {
    const rest = this.#body.subarray(this.#restStart, start);
    this.#rest.push(rest);
    this.#restLength += rest.length;
    this.#rooms ??= new RoomList();
    this.#rooms.clear();
    this.#pieceStart = this.#roomStart = start;
    this.#firstPiece = true;
    await this.#guessPieces();
    return this.#roomStart = this.#pieceStart;
  }

  /**
   * Takes pieces that end where two objects seem to meet, as long as they can be read: what begins where a value may begin
   * and reads as a list of values ends with one. It saves scanning what servers really send, which takes as long as
   * reading it.
   */
  async #guessPieces(): Promise<void> {
    const body = Buffer.from(this.#body.buffer, this.#body.byteOffset, this.#body.length);
    while (true) {
      const from = this.#pieceStart + PIECE;
      const cut = body.subarray(from, from + PIECE).indexOf(BETWEEN_ROOMS);
      if (cut < 0) return;
      const values = tryParse(this.#body.subarray(this.#pieceStart, from + cut + 1));
      if (values === undefined) return;
      this.#rooms!.take(values);
      this.#firstPiece = false;
      this.#pieceStart = from + cut + BETWEEN_ROOMS.length - 1;
      if (this.#work.due) await this.#work.letOthersPass();
    }
  }

  /** Leaves a room out that is too long to be one, with what ends it. @returns whether it was */
  #endRoom(end: number): boolean {
    const long = end - this.#roomStart > LONGEST_ROOM;
    if (long) {
      if (this.#roomStart > this.#pieceStart) this.#takePiece(this.#roomStart - 1);
      this.#rooms!.odd.add(`a room of more than ${LONGEST_ROOM} bytes is left out`);
      this.#pieceStart = end + 1;
      this.#firstPiece = false;
    }
    this.#roomStart = end + 1;
    return long;
  }

  /** @param last whether nothing comes after it: only then it may be empty, if nothing came before */
  #takePiece(end: number, last = false): void {
    const values = tryParse(this.#body.subarray(this.#pieceStart, end));
    if (values === undefined || (values.length === 0 && !(last && this.#firstPiece))) throw notJson();
    this.#rooms!.take(values);
    this.#pieceStart = end + 1;
    this.#firstPiece = false;
  }

  #endRooms(end: number): void {
    if (!this.#endRoom(end)) this.#takePiece(end, true);
    this.#restStart = end;
  }
}

function tooLarge(what: string): RpcError {
  return new RpcError("invalidRequest", `${what} is longer than ${AT_ONCE} bytes`);
}

function join(parts: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let offset = 0;
  for (const part of parts) {
    whole.set(part, offset);
    offset += part.length;
  }
  return whole;
}
