import { eastAsianWidth } from "get-east-asian-width";
import { printable } from "../printable.ts";

const graphemes = new Intl.Segmenter(undefined, { granularity: "grapheme" });

/** Stands for what was cut off. */
const CUT = "…";

/** Columns that a terminal needs for a text; one that is {@link shown}. */
export function width(text: string): number {
  if (/^[\x20-\x7e]*$/.test(text)) return text.length;
  let columns = 0;
  for (const { segment } of graphemes.segment(text)) columns += widthOf(segment);
  return columns;
}

/** A text as it may be written to a terminal: on one line, and what would steer the terminal is escaped. */
export function shown(text: string): string {
  return printable(text);
}

/** A text cut to so many columns; what is cut off is marked. */
export function cut(text: string, columns: number): string {
  if (width(text) <= columns) return text;
  if (columns < 1) return "";
  let kept = "";
  let used = width(CUT);
  for (const { segment } of graphemes.segment(text)) {
    used += widthOf(segment);
    if (used > columns) break;
    kept += segment;
  }
  return kept + CUT;
}

/** A text filled up with blanks to so many columns. */
export function pad(text: string, columns: number, side: "left" | "right"): string {
  const blanks = " ".repeat(Math.max(0, columns - width(text)));
  return side === "left" ? text + blanks : blanks + text;
}

/** What takes no column of its own: marks above, below or around a letter, joiners, and what ends a Hangul syllable. */
const WITHOUT_WIDTH = /[\p{Mn}\p{Me}\p{Cf}\u1160-\u11ff\ud7b0-\ud7ff]/u;

/**
 * Two columns for emoji, which are one picture however many characters they are made of; of all else what each character
 * takes, as terminals count: the letters of an Indic conjunct, and vowels that stand beside them, are beside each other.
 */
function widthOf(grapheme: string): number {
  if (/\p{Emoji_Presentation}|\ufe0f/u.test(grapheme)) return 2;
  let columns = 0;
  for (const character of grapheme) {
    if (!WITHOUT_WIDTH.test(character)) columns += eastAsianWidth(character.codePointAt(0)!);
  }
  return columns;
}
