/** Whether an IP address, or a name to listen on, is this machine's alone. */
export function isLoopback(host: string): boolean {
  return /^(localhost|\[?::1\]?|127(\.\d+){3})$/i.test(host);
}
