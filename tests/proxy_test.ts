import assert from "node:assert/strict";
import { request } from "node:http";
import { TestGateway } from "./gateway.ts";
import { answers, freePort, isInstalled, nginx, Running } from "./programs.ts";

const DOCS = Deno.readTextFileSync(new URL("../docs/proxies.md", import.meta.url));

/** The configuration that the documentation shows, on these ports and without TLS. */
function documented(language: string, port: number, gateway: string): string {
  const [, text] = new RegExp(`\`\`\`${language}\n([^]*?)\`\`\``).exec(DOCS) ?? [];
  assert.ok(text !== undefined);
  return text.replaceAll("127.0.0.1:7000", gateway)
    .replace(/listen 443 ssl;/, `listen 127.0.0.1:${port};`)
    .replace(/ *(http2 on|ssl_certificate).*\n/g, "")
    .replace(/ *ssl_certificate_key.*\n/g, "")
    .replace(/bind :443 ssl .*/, `bind 127.0.0.1:${port}`);
}

const proxies: [string, (folder: string, port: number, gateway: string) => string, string[]][] = [
  ["nginx", (folder, port, gateway) => nginx(folder, documented("nginx", port, gateway)), ["-p", ".", "-c"]],
  ["haproxy", (_folder, port, gateway) => documented("haproxy", port, gateway), ["-db", "-f"]],
];

for (const [name, configuration, args] of proxies) {
  Deno.test({
    name: `${name}, as documented, passes public calls and keeps /internal private`,
    ignore: !isInstalled(name),
    async fn() {
      await using gateway = await TestGateway.start();
      const port = freePort();
      const file = `${gateway.folder.path}/${name}.conf`;
      Deno.writeTextFileSync(file, configuration(gateway.folder.path, port, new URL(gateway.url).host));
      const check = new Deno.Command(name, { args: [name === "nginx" ? "-t" : "-c", ...args, file] });
      const { code, stdout, stderr } = await check.output();
      const said = new TextDecoder().decode(stdout) + new TextDecoder().decode(stderr);
      assert.equal(code, 0, said);
      assert.doesNotMatch(said, /warn/i);
      await using _proxy = new Running(new Deno.Command(name, { args: [...args, file], stderr: "null" }));
      const url = `http://127.0.0.1:${port}`;
      await answers(url);
      const post = async (path: string) => {
        const body = JSON.stringify({ jsonrpc: "2.0", id: 1, method: "Info", params: {} });
        const response = await fetch(url + path, { method: "POST", body });
        await response.body?.cancel();
        return response.status;
      };
      assert.equal(await post("/"), 401, "without a token, from the gateway itself");
      for (const path of ["/internal", "/internal/", "/eu/internal", "/internal?x=1"]) {
        assert.equal(await post(path), 404, path);
      }
      for (const path of ["/%69nternal", "//internal", "/x/%2e%2e/internal", "/internal%2f"]) {
        assert.notEqual(await post(path), 200, path);
      }
    },
  });
}

const hosts: [string, number][] = [
  ["127.0.0.1:7000", 200],
  ["127.8.0.1", 200],
  ["[::1]:7000", 200],
  ["LOCALHOST:7000", 200],
  ["gateway.localhost", 200],
  ["gateway", 200],
  ["gateway:7000", 200],
  ["gateway.example", 401],
  ["127.0.0.1.example:7000", 401],
  ["localhost.example", 401],
  ["notlocalhost", 200],
  ["10.0.0.1:7000", 401],
];

Deno.test("without users, /internal is open to requests for this machine, by a loopback name or one without a domain only", async () => {
  await using gateway = await TestGateway.start();
  const { port } = new URL(gateway.url);
  for (const [host, status] of hosts) assert.equal(await statusOfHost(Number(port), host), status, host);
});

/** The status of a call of `Info` with this `Host`. */
function statusOfHost(port: number, host: string): Promise<number | undefined> {
  return new Promise((resolve, reject) => {
    const options = { host: "127.0.0.1", port, path: "/internal", method: "POST", headers: { host } };
    const sending = request(options, (response) => {
      response.resume();
      response.on("end", () => resolve(response.statusCode));
    });
    sending.on("error", reject);
    sending.end(JSON.stringify({ jsonrpc: "2.0", id: 1, method: "Info", params: {} }));
  });
}
