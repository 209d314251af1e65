/** Stands in a template for what differs from name to name. */
const MARKER = "#";

/** What lies beyond does not tell kinds apart; it bounds what a name of 1024 bytes can cost. */
const LENGTH = 128;

/** The first half of a character that the cut has split: a store may not keep it as it is. */
const HALF = /[\uD800-\uDBFF]$/;

const UUID = /[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}/gi;
const WORD = /[A-Za-z0-9]+/g;
const PIECE = /[A-Z]{2,}(?![a-z])|[A-Z]?[a-z]{2,}|\d+|./g;
/** Digits and letters, but for a word with a number (`decade1`): of ids of 8 characters one in a hundred looks so, of longer ones hardly any. */
const HEX_ID = /^(?=.*[0-9])(?=.*[a-f])(?![a-f]{3,}[0-9]+$)[0-9a-f]{6,}$/i;

const BEYOND_ASCII = /[^\0-\x7f]/;
/** A decimal digit of any script. */
const DIGIT = /\p{Nd}/gu;

/**
 * What names of a kind have in common: UUIDs, hexadecimal and base-62 ids and runs of digits, of whatever script, become a marker.
 *
 * ```ts
 * nameTemplate("match-8231"); // "match-#"
 * nameTemplate("lobby-9f8e7d6c-eu2"); // "lobby-#-eu#"
 * ```
 */
export function nameTemplate(name: string): string {
  const cut = name.length > LENGTH ? name.slice(0, LENGTH).replace(HALF, "") : name;
  const text = BEYOND_ASCII.test(cut) ? cut.replace(DIGIT, "0") : cut;
  return text.replace(UUID, MARKER).replace(
    WORD,
    (word) => isId(word) ? MARKER : word.replace(/\d+/g, MARKER),
  );
}

/** Random words fall into many short pieces, where names of people's making fall into a few words and numbers. */
function isId(word: string): boolean {
  return HEX_ID.test(word) || (word.length >= 8 && word.match(PIECE)!.length > word.length / 3);
}
