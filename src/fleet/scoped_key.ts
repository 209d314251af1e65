/** One string for each name in a namespace; the length keeps `["a","bc"]` and `["ab","c"]` apart. */
export function scopedKey([namespace, name]: readonly [namespace: string, name: string]): string {
  return `${namespace.length}:${namespace}${name}`;
}
