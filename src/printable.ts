/** What a log line shows of one value, at most: every name fits (1024 bytes), and no caller can write books. */
const LONGEST = { text: 1024, stack: 4096, items: 4 };

/**
 * What could end a line, steer a terminal, turn the direction of text round or hide in it: control characters, line and
 * paragraph separators, bidirectional controls, invisible characters, spaces other than U+0020, and halves of surrogate pairs.
 */
const UNSAFE =
  /[\p{Cc}\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u2028-\u202e\u2060-\u206f\u2800\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff9-\ufffb\u{e0000}-\u{e0fff}]|\p{Cs}|(?! )\p{Zs}/gu;

/** Text that is one line and nothing but text: what is unsafe is written as JSON would escape it. */
export function printable(text: string): string {
  return text.replace(UNSAFE, (character) => {
    let escaped = "";
    for (let i = 0; i < character.length; i++) {
      escaped += `\\u${character.charCodeAt(i).toString(16).padStart(4, "0")}`;
    }
    return escaped;
  });
}

/** A value as a log line may hold it: bounded, and errors as what they say and where. */
export function loggable(value: unknown): unknown {
  if (typeof value === "string") return cut(value, LONGEST.text);
  if (value instanceof Error) {
    return cut(value.stack ?? String(value), LONGEST.stack).replaceAll(/\n */g, " | ");
  }
  if (Array.isArray(value)) {
    const items = value.slice(0, LONGEST.items).map(loggable);
    return value.length > items.length ? [...items, `… (${value.length - items.length} more)`] : items;
  }
  return value;
}

function cut(text: string, longest: number): string {
  return text.length <= longest ? text : `${text.slice(0, longest)}… (${text.length - longest} more)`;
}
