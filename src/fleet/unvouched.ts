/** What the customers that nobody vouches for (`unknownCustomers`) are called by, and their namespaces: one roof. */
const DEMO = "demo_";

/** What the customer of a key that nobody vouches for is called, and its namespace. */
export function unvouchedCustomer(keyId: string): string {
  return `${DEMO}${keyId}`;
}

/** Whether it is one of those customers that nobody vouches for, or the namespace of one: it costs nothing to make further ones. */
export function isUnvouched(name: string): boolean {
  return name.startsWith(DEMO);
}

/** Whose share of a limit counts: that of a customer or a namespace, or of all together that nobody vouches for. */
export function ownerOf(name: string): string {
  return isUnvouched(name) ? DEMO : name;
}
