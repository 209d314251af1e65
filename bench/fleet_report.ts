/** Params of a report of so many rooms, as a server sends them. */
export function reportParams(server: number, rooms: number, perRoom = 8) {
  return {
    public_endpoint: `sfu${server}.bench.example:4433`,
    version: "bench",
    load: 0.4,
    clients: rooms * perRoom,
    rooms: Array.from({ length: rooms }, (_, i) => ({
      id: ["bench", `match-${server}-${i}`],
      customer: "bench",
      age: { secs: 100 + i % 1000, nanos: 123456789 },
      peers: perRoom,
    })),
  };
}

/** The body of such a report. */
export function reportBody(server: number, rooms: number): string {
  return JSON.stringify({ jsonrpc: "2.0", id: 1, method: "sfu.Report", params: reportParams(server, rooms) });
}

/** Sends a body to the gateway's internal path; fails on anything but a result. */
export async function sendReport(url: string, body: string): Promise<void> {
  const response = await fetch(`${url}/internal`, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body,
  });
  const { error } = await response.json();
  if (error !== undefined) throw new Error(`report refused: ${error.message}`);
}
