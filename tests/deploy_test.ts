import assert from "node:assert/strict";
import { TemporaryFolder } from "../sim/program.ts";
import { parse } from "./packages/yaml.ts";
import { isInstalled } from "./programs.ts";

const DEPLOY = new URL("../deploy/", import.meta.url).pathname;
const PROJECT = new URL("..", import.meta.url).pathname;
const read = (path: string) => Deno.readTextFileSync(`${DEPLOY}${path}`);

const { tasks, version } = JSON.parse(Deno.readTextFileSync(`${PROJECT}deno.json`));
const startOptions: string[] = tasks.start.command.split(" ").filter((word: string) => word.startsWith("--"));

async function systemdAnalyze(...args: string[]): Promise<{ code: number; text: string }> {
  const { code, stdout, stderr } = await new Deno.Command("systemd-analyze", { args }).output();
  return { code, text: new TextDecoder().decode(stdout) + new TextDecoder().decode(stderr) };
}

Deno.test({
  name: "the unit is one that systemd takes, and is hardened",
  ignore: !isInstalled("systemd-analyze"),
  async fn() {
    using folder = new TemporaryFolder();
    // systemd looks whether the program is there; all else stays as it is.
    const unit = read("systemd/odin-gateway@.service").replaceAll(
      "/opt/odin-gateway/%i/odin-gateway",
      "/bin/true",
    );
    const file = `${folder.path}/odin-gateway@a.service`;
    Deno.writeTextFileSync(file, unit);
    assert.deepEqual(await systemdAnalyze("verify", file), { code: 0, text: "" });
    const { code, text } = await systemdAnalyze("security", "--offline=true", "--threshold=15", file);
    assert.equal(code, 0, text);
  },
});

Deno.test("the unit and the image start the gateway with options that there are", async () => {
  const help = await new Deno.Command(Deno.execPath(), {
    args: ["run", "--no-prompt", "main.ts", "--help"],
    cwd: PROJECT,
    env: { NO_COLOR: "1" },
  }).output();
  const known = new TextDecoder().decode(help.stdout);
  const unit = read("systemd/odin-gateway@.service");
  for (const [, option] of unit.matchAll(/^Exec\w+=\/opt\S+ (--.*)$/gm)) {
    for (const name of option!.match(/--[a-z-]+/g)!) assert.ok(known.includes(name), `${name} of the unit`);
  }
  const dockerfile = read("container/Dockerfile");
  const [, entrypoint = ""] = /^ENTRYPOINT (\[[^]*?\])$/m.exec(dockerfile) ?? [];
  const command: string[] = JSON.parse(entrypoint.replaceAll("\\\n", ""));
  assert.equal(command[0], "deno");
  const options = command.slice(2, command.indexOf("main.ts"));
  const written = command[command.indexOf("--data") + 1];
  const variables = /NOTIFY_SOCKET|WATCHDOG_USEC/; // of systemd
  const own = startOptions.map((option) =>
    option === "--allow-write=data"
      ? `--allow-write=${written}`
      : option.split(",").filter((part) => !variables.test(part)).join(",")
  );
  assert.deepEqual(options.filter((option) => option !== "--cached-only").toSorted(), own.toSorted());
});

Deno.test("the image is made of files that are there, for the runtime and the version of the project", () => {
  const dockerfile = read("container/Dockerfile");
  const ignored = Deno.readTextFileSync(`${PROJECT}.dockerignore`).split("\n");
  for (const [, line] of dockerfile.matchAll(/^COPY (?!--from)(.*) \S+$/gm)) {
    for (const path of line!.split(" ")) {
      assert.ok(Deno.statSync(`${PROJECT}${path}`), path);
      const top = ignored.filter((rule) => rule.startsWith("!")).map((rule) => rule.slice(1));
      assert.ok(
        top.some((rule) => path === rule || path.startsWith(`${rule}/`)),
        `.dockerignore leaves ${path} out`,
      );
    }
  }
  for (const [, image] of dockerfile.matchAll(/^FROM denoland\/deno:(\S+)/gm)) {
    assert.equal(image, Deno.version.deno);
  }
  assert.match(dockerfile, new RegExp(`odin-gateway:${version.replaceAll(".", "\\.")} `));
});

Deno.test("the image's health check says whether a gateway lives", async () => {
  const server = Deno.serve(
    { port: 0, hostname: "127.0.0.1", onListen: () => {} },
    (request) => new Response(null, { status: new URL(request.url).pathname === "/healthz" ? 200 : 404 }),
  );
  const check = async (url: string) =>
    (await new Deno.Command(Deno.execPath(), {
      args: ["run", "--no-prompt", "--allow-net=127.0.0.1", `${DEPLOY}container/health.ts`, url],
      stdout: "null",
      stderr: "null",
    }).output()).code;
  const url = `http://127.0.0.1:${server.addr.port}`;
  assert.deepEqual([await check(`${url}/healthz`), await check(`${url}/else`)], [0, 1]);
  await server.shutdown();
  assert.equal(await check(`${url}/healthz`), 1);
});

const CHART = `${DEPLOY}helm/odin-gateway`;

/** The paths of the values that a schema describes: `image.repository`. */
function pathsOf(schema: { properties?: Record<string, object> }, path = ""): string[] {
  return Object.entries(schema.properties ?? {}).flatMap(([name, member]) => [
    `${path}${name}`,
    ...pathsOf(member, `${path}${name}.`),
  ]);
}

Deno.test("the chart's templates use values that its schema describes, and its values have", () => {
  const described = pathsOf(JSON.parse(Deno.readTextFileSync(`${CHART}/values.schema.json`)));
  const values = parse(Deno.readTextFileSync(`${CHART}/values.yaml`)) as Record<string, unknown>;
  const present = Object.entries(values).flatMap(([name, value]) => {
    const within = described.some((path) => path.startsWith(`${name}.`)) ? Object.keys(value as object) : [];
    return [name, ...within.map((member) => `${name}.${member}`)];
  });
  const used = new Set<string>();
  for (const { name } of Deno.readDirSync(`${CHART}/templates`)) {
    const text = Deno.readTextFileSync(`${CHART}/templates/${name}`);
    for (const [, path] of text.matchAll(/\.Values\.([\w.]+)/g)) used.add(path!);
    const opened = text.match(/\{\{-? (if|with|range|define)\b/g)?.length ?? 0;
    assert.equal(text.match(/\{\{-? end\b/g)?.length ?? 0, opened, `${name}: each block ends`);
    for (const [, included] of text.matchAll(/include "([^"]+)"/g)) {
      assert.ok(
        Deno.readTextFileSync(`${CHART}/templates/_names.tpl`).includes(`define "${included}"`),
        included,
      );
    }
  }
  for (const path of used) {
    assert.ok(described.includes(path), `${path} is used and not in the schema`);
    assert.ok(present.includes(path), `${path} is used and not in values.yaml`);
  }
  assert.deepEqual(present.filter((path) => !described.includes(path)), [], "not in the schema");
  const chart = Deno.readTextFileSync(`${CHART}/Chart.yaml`);
  assert.match(chart, new RegExp(`^appVersion: "${version}"$`, "m"));
});

Deno.test("the chart's configuration is one that would start", async () => {
  using folder = new TemporaryFolder();
  const { config } = parse(Deno.readTextFileSync(`${CHART}/values.yaml`)) as { config: string };
  Deno.writeTextFileSync(`${folder.path}/config.ts`, config);
  const { code, stdout } = await new Deno.Command(Deno.execPath(), {
    args: [
      ...["run", "--no-prompt", "--allow-net", "--allow-read", `--allow-write=${folder.path}`],
      ...[
        "--allow-env=ODIN_GATEWAY_MASTER_KEY,ODIN_GATEWAY_INTERNAL_USER,ODIN_GATEWAY_REDIS_PASSWORD,ODIN_GATEWAY_SENTINEL_PASSWORD",
      ],
      ...[
        "main.ts",
        "--check",
        "--port",
        "0",
        "--config",
        `${folder.path}/config.ts`,
        "--data",
        `${folder.path}/data`,
      ],
    ],
    cwd: PROJECT,
    env: { NO_COLOR: "1", ODIN_GATEWAY_INTERNAL_USER: "odin:sixteen characters" },
  }).output();
  assert.equal(code, 0, new TextDecoder().decode(stdout));
});
